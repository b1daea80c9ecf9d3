"""sweep=optuna from the command line: exactly as many trials as asked for, whatever becomes of them."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

import pytest

from ar_lab.runs import Run
from ar_lab.sweeps.plan import find
from ar_lab.sweeps.records import VALIDATION, metric_of
from ar_lab.sweeps.search_space import parse
from ar_lab.sweeps.study import STUDY, Study, Trial
from tests.command.conftest import Answer
from tests.tasks.conftest import QUICK, SMALL

TINY = [*SMALL["pixelcnn"], *QUICK, "trainer.max_steps=3", "launcher=basic"]
RATE = "optimizer.lr=tag(log,interval(1e-4,1e-2))"
SEARCH = ["sweep=optuna", *TINY, RATE]


def search_of(answer: Answer) -> Path:
    """The directory of the search, the last line of standard output."""
    path = Path(answer.out.splitlines()[-1])
    assert (path / STUDY).is_file(), answer.err
    return path


def summary(path: Path) -> dict:
    return json.loads((path / "summary.json").read_text())


def trials(path: Path) -> list[Trial]:
    settings = {"pruner": "none"}
    return Study(path, {"sweep": settings, "cv": {"fold": None}}).trials


def written(path: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in path.rglob("result.json")}


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ([], "no search space on the line"),
        (["cv=kfold"], "no search space on the line"),
        (["model.hiden=choice(8,16)"], "no such key"),
        (["optimizer.lr=choice(1e-3,-1)"], "must be greater than 0"),
        (["model=pixelcnn,pixelcn"], "no such model"),
        (["cv=kfold", "cv.fold=choice(0,1)", RATE], "nothing to search over"),
        (["cv=kfold", "cv.repeats=2", RATE], "one repeat"),
        (["seed=choice(0,1)"], "seeds are replicates"),
        ([RATE, "data.validation=0"], "validation"),
        ([RATE, "task=list"], "searches over trainings"),
        ([RATE, "sweep.sampler=cmaes"], "must be"),
    ],
)
def test_a_wrong_search_is_one_line_before_anything_is_made(command, overrides, reason):
    answer = command("sweep=optuna", *overrides)
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
    assert reason in answer.err
    assert not Path("outputs").exists()


def test_without_optuna_the_line_says_what_to_install(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    answer = command(*SEARCH)
    assert answer.code == 2
    assert "pip install 'ar-lab[optuna]'" in answer.err


def test_the_same_line_goes_on_to_exactly_n_trials(command):
    first = command(*SEARCH, "sweep.n_trials=2")
    path = search_of(first)
    assert first.code == 0, first.err
    before = written(path)
    more = command(*SEARCH, "sweep.n_trials=3")
    assert search_of(more) == path and len(trials(path)) == 3
    assert {file: stamp for file, stamp in written(path).items() if file in before} == before
    everything = written(path)
    assert command(*SEARCH, "sweep.n_trials=3").code == 0
    assert written(path) == everything
    assert {trial.job for trial in trials(path)} == {job.parent.name for job in everything}


def test_the_objective_is_the_validation_figure_and_the_best_is_a_command_that_repeats_it(command):
    path = search_of(command(*SEARCH, "sweep.n_trials=3"))
    jobs = {trial.job: Run(path / trial.job).result["metrics"] for trial in trials(path)}
    figures = {trial.job: trial.figure for trial in trials(path)}
    assert figures == {job: metrics["validation/nats_per_dim"] for job, metrics in jobs.items()}
    found, best = summary(path), min(figures, key=figures.__getitem__)
    assert found["metric"] == found["search"]["objective"] == "validation/nats_per_dim"
    assert [c["mean"] for c in found["configurations"]] == sorted(figures.values())
    assert found["search"]["best"]["job"] == best
    again = command(*shlex.split(found["search"]["best"]["command"])[3:], "output=again")
    assert again.code == 0, again.err
    assert Run(Path("again")).result["metrics"] == jobs[best]
    assert (path / "history.png").stat().st_size > 5000


def test_a_trial_that_diverges_has_failed_and_the_search_goes_on(command):
    answer = command("sweep=optuna", *TINY, "optimizer.lr=choice(1e30,1e-3)", "sweep.n_trials=20")
    assert answer.code == 0, answer.err
    path = search_of(answer)
    assert {trial.state for trial in trials(path)} == {"FAIL", "COMPLETE"}
    assert summary(path)["jobs"]["failed"] == summary(path)["jobs"]["done"] == 1


DIVERGING = ["sweep=optuna", *TINY, "optimizer.lr=choice(1e-3,1e30,1e35)"]


def test_no_trial_is_spent_on_a_point_that_failed(command):
    answer = command(*DIVERGING, "model.features=choice(4,8)", "sweep.n_trials=8")
    assert answer.code == 0, answer.err
    failed = [tuple(trial.point.items()) for trial in trials(search_of(answer)) if trial.state == "FAIL"]
    assert len(set(failed)) == len(failed) > 1
    assert "repeats" not in answer.err


def test_a_trial_that_repeats_a_failed_point_all_the_same_is_said(command, monkeypatch):
    monkeypatch.setattr("ar_lab.sweeps.redrawing.DRAWS", 1)  # of either sampler
    answer = command(*DIVERGING, "sweep.n_trials=12")
    points = [trial.point["optimizer.lr"] for trial in trials(search_of(answer)) if trial.state == "FAIL"]
    repeated = len(points) - len(set(points))
    assert repeated and answer.err.count("repeats a point that failed, and has failed too") == repeated


def test_fail_fast_stops_at_the_first_trial_that_fails(command):
    answer = command("sweep=optuna", *TINY, "optimizer.lr=choice(1e30,1e29,1e28)", "sweep.fail_fast=true")
    assert answer.code == 1
    assert [trial.state for trial in trials(search_of(answer))] == ["FAIL"]


def test_a_search_in_which_all_trials_fail_says_so(command):
    answer = command("sweep=optuna", *TINY, "optimizer.lr=choice(1e30,1e29)", "sweep.n_trials=2")
    assert answer.code == 1
    assert "2 failed" in answer.out


def test_a_space_that_is_exhausted_ends_the_search_and_equal_trials_train_once(command):
    answer = command("sweep=optuna", *TINY, "model.features=4,8", "sweep.n_trials=50")
    path = search_of(answer)
    found = trials(path)
    assert "all 2 points of the space are tried" in answer.err
    assert len(found) < 50
    assert {trial.point["model.features"] for trial in found} == {"4", "8"}
    assert len(written(path)) == summary(path)["jobs"]["total"] == 2


def test_values_that_cannot_go_together_are_a_failed_trial(command):
    line = ["sweep=optuna", *QUICK, "trainer.max_steps=2", "launcher=basic", *SMALL["transformer"]]
    answer = command(*line, "model.width=8,12", "model.heads=2,4", "model.positions=rotary", "sweep.n_trials=30")
    assert answer.code == 0, answer.err
    bad = {
        trial.state for trial in trials(search_of(answer)) if trial.point == {"model.width": "12", "model.heads": "4"}
    }
    assert bad == {"FAIL"}
    assert "rotary positions need an even" in answer.err


def test_cross_validation_is_inside_a_trial_and_never_a_dimension(command):
    answer = command(*SEARCH, "cv=kfold", "cv.folds=3", "sweep.n_trials=2")
    path = search_of(answer)
    assert answer.code == 0, answer.err
    for trial in trials(path):
        folds = [Run(path / trial.job / f"fold{k}").result["metrics"]["test/nats_per_dim"] for k in range(3)]
        assert trial.figure == pytest.approx(mean(folds), rel=1e-12)
        assert set(trial.point) == {"optimizer.lr"}
    assert summary(path)["configurations"][0]["folds"] == 3
    assert " cv" not in summary(path)["search"]["best"]["command"]


def test_one_fold_can_be_named_for_all_trials(command):
    path = search_of(command(*SEARCH, "cv=kfold", "cv.fold=1", "sweep.n_trials=1"))
    (trial,) = trials(path)
    result = Run(path / trial.job).result
    assert (result["fold"], result["metrics"]["test/nats_per_dim"]) == (1, trial.figure)


def test_a_trial_that_was_drawn_and_never_begun_is_run_and_counted_once(command):
    path = search_of(command(*SEARCH, "sweep.n_trials=1"))
    config = Run(path / trials(path)[0].job).config
    Study(path, config).ask(parse([RATE]))
    assert [trial.state for trial in trials(path)] == ["COMPLETE", "RUNNING"]
    command(*SEARCH, "sweep.n_trials=2")
    assert [trial.state for trial in trials(path)] == ["COMPLETE", "COMPLETE"]


def test_another_search_is_refused_its_directory(command):
    command(*SEARCH, "sweep.n_trials=1", "output=S")
    answer = command(*SEARCH, "sweep.n_trials=1", "output=S", "model.features=4")
    assert answer.code == 2
    assert "model.features=8, this one has model.features=4" in answer.err


@pytest.mark.slow
@pytest.mark.parametrize("folds", [[], ["cv=kfold", "cv.folds=3"]])
def test_a_hopeless_trial_is_pruned_and_its_job_says_so(command, folds):
    line = ["sweep=optuna", *TINY, *folds, "trainer.max_steps=12", "trainer.val_check_interval=3"]
    settings = ["sweep.pruner=median", "sweep.startup=1", "sweep.sampler=random", "sweep.n_trials=8"]
    answer = command(*line, "optimizer.lr=choice(1e-2,1e-3,1e-4,1e-5,1e-6)", *settings)
    assert answer.code == 0, answer.err
    path = search_of(answer)
    ended = {(trial.state, Run(path / trial.job).status) for trial in trials(path)}
    assert ended == {("COMPLETE", "done"), ("PRUNED", "pruned")}
    assert summary(path)["jobs"]["pruned"]
    pruned = next(Run(path / trial.job) for trial in trials(path) if trial.state == "PRUNED")
    assert pruned.result["metrics"]["validation/nats_per_dim"] > 0
    assert pruned.result.get("steps", 0) < 12


def test_a_dry_run_writes_nothing(command):
    answer = command(*SEARCH, "sweep.dry_run=true", "sweep.n_trials=7")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "trials: 0 done, 7 left; nothing was written"
    assert not Path("outputs").exists()


def test_a_dry_run_says_how_many_trials_are_done_and_left(command):
    path = search_of(command(*SEARCH, "sweep.n_trials=2", "output=S"))
    config = Run(path / trials(path)[0].job).config
    Study(path, config).ask(parse([RATE]))
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
    answer = command(*SEARCH, "sweep.n_trials=5", "output=S", "sweep.dry_run=true")
    assert answer.code == 0, answer.err
    assert "trials: 2 done, 3 left; nothing was written" in answer.out
    assert all(trial.job in answer.out for trial in trials(path) if trial.job)
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before


def test_a_dry_run_of_an_exhausted_space_has_no_trial_left(command):
    line = ["sweep=optuna", *TINY, "model.features=4,8", "sweep.n_trials=50"]
    assert command(*line).code == 0
    assert "done, 0 left" in command(*line, "sweep.dry_run=true").out


@pytest.mark.slow
def test_a_search_survives_a_killed_trial_and_an_interruption(tmp_path):
    line = [sys.executable, "-m", "ar_lab", *SEARCH, "launcher=process", "sweep.n_trials=4", "output=S"]
    line += ["trainer.max_steps=80", "trainer.val_check_interval=4", "sweep.pruner=hyperband"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    path = tmp_path / "S"

    def running(count: int) -> Run:
        """The job that trains, once so many have begun."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            begun = [Run(file.parent) for file in path.glob("*/metrics.csv")]
            found = [run for run in begun if run.status == "running"]
            if len(begun) >= count and found:
                return found[0]
            time.sleep(0.05)
        raise AssertionError("waited in vain")

    process = subprocess.Popen(line, **quiet)
    os.kill(running(1).result["pid"], signal.SIGKILL)
    running(2)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    cut_short = [trial for trial in trials(path) if trial.state == "RUNNING"]
    assert len(cut_short) >= 1
    again = subprocess.run(line, **quiet, timeout=100, check=False)
    assert again.returncode == 0, again.stderr
    found = trials(path)
    assert len(found) == 4 and {trial.state for trial in found} <= {"COMPLETE", "PRUNED"}
    assert [trial.job for trial in found][: len(cut_short)] == [trial.job for trial in cut_short]


def test_a_trial_gone_on_with_by_hand_is_still_ranked_by_its_validation_figure(command):
    path = search_of(command(*SEARCH, "sweep.n_trials=1"))
    (job,) = find(path).jobs
    job.run.write_result(status="interrupted")
    assert command("task=train", f"run={job.path}").code == 0
    assert job.run.status == "done" and metric_of(job.run.config) == VALIDATION
