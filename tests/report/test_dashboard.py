"""The summary run of W&B: figures and tables are those of summary.json."""

import pytest

from ar_lab.report.dashboard import exit_code, figures, pairs, row
from ar_lab.sweeps.summary import summarize
from tests.sweeps.made_up import SWEEP, ended, record, two_models


def test_figures_and_rows_are_those_of_the_summary():
    summary = summarize(two_models(), SWEEP)
    best, second = summary["configurations"]
    found = figures(summary)
    assert (found["best/mean"], found["best/se"]) == (best["mean"], best["se"])
    assert [found["best/ci95_low"], found["best/ci95_high"]] == best["ci95"]
    assert found[f"mean/{' '.join(second['overrides'])}"] == second["mean"]
    assert found["jobs/done"] == 10
    assert {key: row(best)[key] for key in ("rank", "folds", "gap", "seconds")} == {
        key: best[key] for key in ("rank", "folds", "gap", "seconds")
    }
    (pair,) = pairs(summary)
    assert (pair["first"], pair["second"]) == (" ".join(best["overrides"]), " ".join(second["overrides"]))
    assert [pair["ci95_low"], pair["ci95_high"]] == summary["comparisons"][0]["ci95"]


def test_what_has_no_figure_yet_has_no_best():
    summary = summarize([record("rnn", 0, None)], SWEEP)
    assert not [name for name in figures(summary) if not name.startswith("jobs/")]
    assert row(summary["configurations"][0])["ci95_low"] is None


@pytest.mark.parametrize(
    ("status", "of_a_grid", "of_a_search"), [("failed", 1, 0), ("interrupted", 1, 1), ("pruned", 0, 0)]
)
def test_the_run_is_finished_once_the_sweep_has_its_answer(status, of_a_grid, of_a_search):
    summary = summarize(ended(two_models(), 0, status), SWEEP)
    assert exit_code(summary) == of_a_grid
    assert exit_code(summary | {"search": {}}) == of_a_search
