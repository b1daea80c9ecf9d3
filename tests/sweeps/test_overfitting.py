"""The verdict on one run: by the rule of the folds, with an interval over examples in place of one over folds."""

from math import hypot
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ar_lab.sweeps.overfitting import of_one_run
from ar_lab.sweeps.summary import summarize
from tests.sweeps.made_up import SWEEP, record

EXPERIMENTS = Path(__file__).parents[2] / "configs" / "experiment"


def figures(train: float, test: float, se: float | None = 0.01) -> dict[str, float | None]:
    return {
        "train/nats_per_dim": train,
        "train/nats_per_dim_se": se,
        "test/nats_per_dim": test,
        "test/nats_per_dim_se": se,
    }


@pytest.mark.parametrize(
    ("test", "validation", "verdict"),
    [
        (1.027, [3.0, 1.0, 2.0], "no"),  # 1.9 standard errors of the difference
        (0.5, [], "no"),
        (1.029, [], "mild"),  # 2.05
        (1.5, [2.0, 1.1, 1.14], "mild"),  # rose by less than a tenth of the gap
        (1.5, [2.0, 1.1, 1.16], "yes"),
    ],
)
def test_the_verdict_is_by_the_interval_of_the_gap_and_the_turn_of_the_curve(test, validation, verdict):
    found = of_one_run(figures(1.0, test), validation)
    assert found == {"overfitting": verdict, "gap": test - 1.0, "gap_se": hypot(0.01, 0.01)}


def test_without_an_error_there_is_a_gap_and_no_verdict():
    assert of_one_run(figures(1.0, 1.5, None), [1.0]) == {"overfitting": None, "gap": 0.5, "gap_se": None}


def test_a_sweep_says_how_many_figures_are_of_last_weights():
    records = [record(m, k, 1.0 + k, of_last_weights=m == "rnn") for m in ("rnn", "cnn2") for k in range(2)]
    assert any("learner.select=last: the figures of 2 of 4" in note for note in summarize(records, SWEEP)["notes"])
    assert not any("learner.select" in note for note in summarize(records[2:], SWEEP)["notes"])


def test_every_remedy_is_a_diff_to_the_model_that_overfits():
    remedies = {path for path in EXPERIMENTS.glob("overfit_*.yaml") if path.stem != "overfit_none"}
    assert len(remedies) == 6
    for path in remedies:
        assert OmegaConf.load(path).pop("defaults") == ["overfit_none"], path.name
