"""Sweeps from the command line: planned whole, run once, summed up whatever happened."""

from pathlib import Path

import numpy as np
import pytest

from ar_lab import multirun
from tests.command.sweep_lines import DIVERGING, FOLDS, TINY, results, summary, sweep_of, written


def test_cross_validation_sums_up_its_folds(command):
    answer = command(*FOLDS)
    assert answer.code == 0, answer.err
    sweep = sweep_of(answer)
    figures = [results(sweep)[fold]["metrics"]["test/nats_per_dim"] for fold in range(3)]
    (configuration,) = summary(sweep)["configurations"]
    assert summary(sweep)["jobs"]["done"] == configuration["folds"] == 3
    assert configuration["mean"] == pytest.approx(np.mean(figures), rel=1e-12)
    assert configuration["se"] == pytest.approx(np.std(figures, ddof=1) / np.sqrt(3), rel=1e-12)
    assert {"cv_results.csv", "summary.md", "summary.png"} < {file.name for file in sweep.iterdir()}


def test_the_same_line_again_trains_nothing_and_says_the_same(command):
    first = command(*FOLDS)
    before = written(sweep_of(first))
    again = command(*reversed(FOLDS))
    assert again.code == 0
    assert written(sweep_of(again)) == before
    assert "3 of them before" in again.out
    table = first.out[first.out.index("configuration") :].splitlines()
    assert again.out[again.out.index("configuration") :].splitlines()[:4] == table[:4]


def test_a_fold_alone_is_that_fold_of_the_sweep_to_the_last_digit(command):
    line = [*FOLDS, "learner.ema=0.9", "model.dropout=0.1", "data.epochs=2"]
    together = results(sweep_of(command(*line)))
    alone = results(sweep_of(command(*line, "cv.fold=2")))
    assert list(alone) == [2]
    assert alone[2]["metrics"] == together[2]["metrics"]


def test_folds_inside_one_job_are_the_same_folds(command):
    apart, inside = sweep_of(command(*FOLDS)), sweep_of(command(*FOLDS, "cv.fold=all"))
    (job,) = results(inside).values()
    assert [fold["metrics"] for fold in job["folds"]] == [results(apart)[k]["metrics"] for k in range(3)]
    both = [summary(sweep)["configurations"][0] for sweep in (apart, inside)]
    assert both[0]["mean"] == both[1]["mean"] == pytest.approx(job["metrics"]["test/nats_per_dim"], rel=1e-12)
    assert both[0]["ci95"] == both[1]["ci95"]


def test_replicates_by_seed_are_one_configuration(command):
    sweep = sweep_of(command("-m", "seed=0,1", "model.layers=2,3", *[a for a in TINY if "layers" not in a]))
    found = summary(sweep)
    assert [c["folds"] for c in found["configurations"]] == [2, 2]
    assert {c["overrides"][0] for c in found["configurations"]} == {"model.layers=2", "model.layers=3"}
    assert len(found["comparisons"]) == 1


def test_configurations_are_compared_where_they_hold_out_the_same_examples(command):
    line = [*FOLDS, "cv.fold=0,1", "cv.seed=0,1", "data.fraction=0.5,1"]
    found = summary(sweep_of(command(*line)))
    draws = {c["rank"]: c["overrides"][0] for c in found["configurations"]}
    assert sorted(draws.values()) == ["cv.seed=0", "cv.seed=0", "cv.seed=1", "cv.seed=1"]
    assert len(found["comparisons"]) == 6
    for pair in found["comparisons"]:
        assert pair["folds"] == (2 if draws[pair["first"]] == draws[pair["second"]] else 0)
        assert (pair["p"] is None) == (pair["folds"] == 0)


def test_a_fold_by_itself_and_among_all_in_one_job_counts_once(command):
    (both,) = summary(sweep_of(command(*FOLDS, "cv.fold=all,1")))["configurations"]
    (plain,) = summary(sweep_of(command(*FOLDS)))["configurations"]
    assert [both[key] for key in ("folds", "mean", "se", "ci95")] == [
        plain[key] for key in ("folds", "mean", "se", "ci95")
    ]


def test_one_invalid_job_starts_none(command, tmp_path):
    answer = command("-m", "optimizer.lr=1e-3,-1", *TINY)
    assert answer.code == 2
    assert "1 of 2 jobs invalid, none was started: optimizer.lr=-1: must be greater than 0" in answer.err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (["cv=kfold", "cv.repeats=0"], "cv.repeats=0: must be a whole number, at least 1"),
        (["cv=kfold", "cv.folds=abc"], "cv.folds=abc: must be a whole number, at least 2"),
        (["cv=kfold", "seed=range(0)"], "ar_lab: seed=range(0): an empty range, so there is no job"),
        (["cv=kfold", "cv.folds=2,3"], "cv.folds=2,3: one number a sweep"),
        (["-m", "--cfg", "job", "seed=0,1"], "-m with --cfg or --info"),
        (["run=a", "refit=b"], "both are where a config comes from"),
    ],
)
def test_a_line_that_means_no_sweep_is_refused(command, line, complaint):
    answer = command(*line)
    assert answer.code == 2
    assert complaint in answer.err and len(answer.err.splitlines()) == 1


def test_what_one_job_adds_to_the_config_is_not_there_for_the_next(command):
    line = ["-m", "launcher=submitit", "+launcher.options.account=me", "seed=0,1", *TINY[:-1], "sweep.dry_run=true"]
    answer = command(*line)
    assert answer.code == 0, answer.err
    assert answer.out.count("new") == 2


def test_a_job_that_fails_costs_only_itself_and_is_run_again_alone(command):
    line = ["-m", DIVERGING, *TINY, "trainer.gradient_clip_val=null"]
    answer = command(*line)
    assert answer.code == 1
    sweep = sweep_of(answer)
    assert summary(sweep)["jobs"] | {"done": 1, "failed": 1, "total": 2} == summary(sweep)["jobs"]
    assert "diverged" in answer.out
    before = written(sweep)
    again = command(*line)
    after = written(sweep_of(again))
    assert again.code == 1
    assert sum(after[file] != before[file] for file in before) == 1


def test_fail_fast_stops_at_the_first_failure(command):
    line = ["-m", "optimizer.lr=1e30,3e-3", *TINY, "trainer.gradient_clip_val=null", "sweep.fail_fast=true"]
    answer = command(*line)
    assert answer.code == 1
    jobs = summary(sweep_of(answer))["jobs"]
    assert (jobs["failed"], jobs["pending"]) == (1, 1)


def test_a_changed_value_is_another_job_of_another_sweep(command):
    first, second = command(*FOLDS), command(*FOLDS, "optimizer.lr=1e-4")
    assert sweep_of(first) != sweep_of(second)
    together = [command(*FOLDS, *more, "output=both") for more in ([], ["optimizer.lr=1e-4"])]
    assert len(list(Path("both").glob("*/result.json"))) == 6
    assert [summary(sweep_of(answer))["jobs"]["total"] for answer in together] == [3, 3]


def test_editing_a_config_while_a_sweep_runs_changes_nothing(command, tmp_path, monkeypatch):
    edited = tmp_path / "mine" / "experiment" / "edited.yaml"
    edited.parent.mkdir(parents=True)
    edited.write_text("# @package _global_\noptimizer:\n  lr: 1.0e-4\n")
    launch = multirun.launch

    def edit_and_launch(*arguments):
        edited.write_text("# @package _global_\nno: [longer: what it was")
        launch(*arguments)

    monkeypatch.setattr(multirun, "launch", edit_and_launch)
    answer = command("--config-dir", str(tmp_path / "mine"), "-m", "experiment=edited", "seed=0,1", *TINY)
    assert answer.code == 0, answer.err
    for job in sweep_of(answer).glob("*/config.yaml"):
        assert "lr: 0.0001" in job.read_text()
