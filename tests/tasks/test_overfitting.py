"""What train says of overfitting: the curves, the gap and its verdict, and which weights the figures are of."""

from math import hypot

import pytest
import torch

from ar_lab.restore import read_checkpoint
from tests.tasks.conftest import logged, result

SMALLEST = ["model=made", "model.hidden=[16]", "data.fraction=0.05", "evaluation.examples=150", "task.samples=1"]
FAST = [
    *SMALLEST,
    "task.certify=false",
    "logger=csv",
    "scheduler=constant",
    "optimizer.lr=0.03",
    "trainer.max_steps=12",
]


LAST = [*FAST, "learner.select=last"]


def values(run, metric: str) -> dict[int, float]:
    return {int(row["step"]): float(row["value"]) for row in logged(run) if row["metric"] == metric}


@pytest.mark.parametrize("averaged", [[], ["learner.ema=0.5"]])
def test_the_last_weights_are_kept_where_they_are_asked_for_and_the_table_says_so(lab, averaged, capsys):
    run = lab(*LAST, *averaged)
    best, last = (read_checkpoint(run / f"checkpoints/{name}.ckpt") for name in ("best", "last"))
    assert all(torch.equal(best["state_dict"][key], last["state_dict"][key]) for key in best["state_dict"])
    found = result(run)
    assert found["chosen_step"] == found["steps"] == 12
    assert values(run, "validation/nats_per_dim")[12] == pytest.approx(
        found["metrics"]["validation/nats_per_dim"], rel=1e-5
    )
    assert "learner.select=last: the figures are of the last weights" in capsys.readouterr().out


def test_the_training_part_is_scored_at_every_validation_by_the_very_weights_that_are_kept(lab):
    run = lab(*FAST)
    found = result(run)
    scored, validation = (values(run, f"{part}/nats_per_dim") for part in ("train_scored", "validation"))
    assert list(scored) == list(validation) == list(range(1, 13))
    assert found["chosen_step"] == min(validation, key=validation.get)
    # 64 training examples, all of which fit under the number of validation examples: the very figure of the table.
    assert scored[found["chosen_step"]] == pytest.approx(found["metrics"]["train/nats_per_dim"], rel=1e-5)
    assert (run / "curves.png").stat().st_size > 0


def test_the_gap_is_test_minus_train_with_an_error_of_both_and_a_verdict(lab, capsys):
    found = result(lab(*LAST))
    metrics = found["metrics"]
    assert found["gap"] == metrics["test/nats_per_dim"] - metrics["train/nats_per_dim"]
    assert found["gap_se"] == hypot(metrics["test/nats_per_dim_se"], metrics["train/nats_per_dim_se"])
    assert f"overfitting: {found['overfitting']} (gap, test minus train: {found['gap']:+.4f}" in capsys.readouterr().out


def test_scoring_the_training_part_on_the_way_changes_nothing_else(lab):
    runs = [lab(*FAST, f"evaluation.curves={count}", f"output=curves{count}") for count in (0, 7)]
    assert result(runs[0])["metrics"] == result(runs[1])["metrics"]
    assert not values(runs[0], "train_scored/nats_per_dim")


def test_augmented_training_is_noted_and_held_out_figures_are_of_the_data_as_they_are(lab):
    frozen, changed = ["optimizer.lr=1e-30", "optimizer.weight_decay=0"], ["data.shift=2", "data.mutation=0.5"]
    plain, augmented = (result(lab(*FAST, *frozen, *more, f"output=run{len(more)}")) for more in ([], changed))
    assert augmented["metrics"] == plain["metrics"]
    assert [note.partition(":")[0] for note in augmented["notes"]] == changed
