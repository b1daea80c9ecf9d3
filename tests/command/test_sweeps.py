"""Sweeps from the command line: planned whole, run once, summed up whatever happened."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ar_lab import multirun
from ar_lab.runs import Run
from ar_lab.runs.recording import alone
from tests.command.conftest import Answer
from tests.tasks.conftest import QUICK, SMALL

TINY = [*SMALL["pixelcnn"], *QUICK, "trainer.max_steps=3", "launcher=basic"]
FOLDS = ["cv=kfold", "cv.folds=3", *TINY]
DIVERGING = "optimizer.lr=3e-3,1e30"


def sweep_of(answer: Answer) -> Path:
    """The sweep whose path is the last line of standard output."""
    path = Path(answer.out.splitlines()[-1])
    assert (path / "sweep.json").is_file(), answer.err
    return path


def summary(sweep: Path) -> dict:
    return json.loads((sweep / "summary.json").read_text())


def results(sweep: Path) -> dict[int, dict]:
    """result.json of every fold."""
    found = [json.loads(file.read_text()) for file in sweep.glob("*/result.json")]
    return {result["fold"]: result for result in found}


def written(place: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in place.rglob("result.json")}


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


def test_a_dry_run_lists_the_jobs_and_writes_nothing(command, tmp_path):
    answer = command(*FOLDS, "sweep.dry_run=true")
    assert answer.code == 0
    assert answer.out.count("new") == 3 and "1,605" in answer.out
    assert not any(tmp_path.iterdir())
    sweep = sweep_of(command(*FOLDS))
    before = written(sweep)
    assert command(*FOLDS, "sweep.dry_run=true").out.count("done") == 3
    assert written(sweep) == before


def test_the_answer_of_a_sweep_is_printed_again(command):
    first = command(*FOLDS)
    again = command("task=summarize", f"run={sweep_of(first)}")
    assert again.code == 0
    assert again.out.splitlines()[-1] == first.out.splitlines()[-1]
    assert "[" in again.out and "3/3" in again.out


def test_the_best_configuration_is_trained_on_all_training_data(command):
    sweep = sweep_of(command(*FOLDS, "optimizer.lr=0.00001,0.01"))
    assert summary(sweep)["configurations"][0]["overrides"] == ["optimizer.lr=0.01"]
    answer = command("task=train", f"refit={sweep}", "output=best")
    assert answer.code == 0, answer.err
    result = json.loads(Path("best/result.json").read_text())
    assert (result["fold"], result["split"]["test"]) == (None, 360)
    assert "lr: 0.01" in Path("best/config.yaml").read_text()
    assert f"refit: {sweep}" in Path("best/config.yaml").read_text()


@pytest.mark.parametrize(("more", "kept"), [([], {"best.ckpt", "last.ckpt"}), (["checkpoints=1"], {"best.ckpt"})])
def test_the_final_model_is_kept_though_those_of_the_sweep_are_not(command, more, kept):
    sweep = sweep_of(command(*FOLDS, "checkpoints=0"))
    assert not list(sweep.rglob("*.ckpt"))
    assert command(f"refit={sweep}", "output=best", *more).code == 0
    assert {file.name for file in Path("best/checkpoints").iterdir()} == kept


@pytest.fixture
def table(tmp_path: Path) -> list[str]:
    """The overrides of a data file of our own."""
    rows = "".join(f"{i % 7},{i * i % 11}\n" for i in range(60))
    (tmp_path / "table.csv").write_text(f"a,b\n{rows}")
    return ["model=charrnn", "model.hidden=8", "data=table", "data.path=table.csv", "data.batch_size=8"]


def test_jobs_whose_data_file_was_written_again_stay_done(command, table):
    line = [
        *table,
        "cv=kfold",
        "cv.folds=2",
        "logger=none",
        "trainer.max_steps=2",
        "task.samples=2",
        "launcher.n_jobs=1",
    ]
    sweep = sweep_of(command(*line))
    before = results(sweep)
    os.utime("table.csv", ns=(1, 1))
    answer = command(*line)
    assert answer.code == 0, answer.err
    after = results(sweep)
    assert summary(sweep)["jobs"]["done"] == 2
    for fold in (0, 1):
        assert after[fold]["data_files"] != before[fold]["data_files"]
        assert {**after[fold], "data_files": None} == {**before[fold], "data_files": None}


def test_a_job_that_another_process_runs_is_reported_as_running(command):
    sweep = sweep_of(command(*FOLDS))
    here, gone = (Run(file.parent) for file in sorted(sweep.glob("*/result.json"))[:2])
    here.write_result(status="running")
    gone.write_result(status="killed")
    before = (here.path / "result.json").read_bytes()
    with alone(here):
        answer = command(*FOLDS)
    assert answer.code == 1 and f"{here.path}: another process runs there" in answer.err
    assert summary(sweep)["jobs"] | {"done": 2, "running": 1} == summary(sweep)["jobs"]
    assert (here.path / "result.json").read_bytes() == before


def test_a_part_of_something_larger_goes_on_as_it_is_or_not_at_all(command):
    lines = [[*FOLDS, "output=sweep", f"cv.fold={fold}"] for fold in ("0", "all")]
    (sweep,) = {sweep_of(command(*line)) for line in lines}
    jobs = {
        result["fold"]: file.parent for file in sweep.glob("*/result.json") if (result := json.loads(file.read_text()))
    }
    inside = jobs["all"] / "fold1"
    for run, whole in ((jobs[0], "a job of the sweep"), (jobs["all"], "a job of the sweep"), (inside, "a fold of")):
        before = (run / "config.yaml").read_bytes(), (run / "result.json").read_bytes()
        answer = command("task=train", f"run={run}", "trainer.max_steps=6")
        assert answer.code == 2 and answer.err.count("\n") == 1
        assert f"trainer.max_steps=6: {run} has 3 and is {whole}" in answer.err
        assert before == ((run / "config.yaml").read_bytes(), (run / "result.json").read_bytes())
        Run(run).write_result(status="interrupted")
        assert command("task=train", f"run={run}").code == 0
        assert Run(run).status == "done"
    assert [command(*line).code for line in lines] == [0, 0]


def test_a_run_with_folds_inside_is_not_changed_and_names_them_where_a_model_is_asked_for(command):
    sweep = sweep_of(command(*FOLDS, "cv.fold=all"))
    (job,) = (file.parent for file in sweep.glob("*/result.json"))
    job = job.rename("alone").absolute()
    for status in ("done", "interrupted"):
        Run(job).write_result(status=status)
        answer = command("task=train", f"run={job}", "trainer.max_steps=6")
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert f"trainer.max_steps=6: the folds in {job} have 3" in answer.err
        assert Run(job).status == status and Run(job).config["trainer"]["max_steps"] == 3
    for task in ("evaluate", "sample"):
        answer = command(f"task={task}", f"run={job}")
        assert answer.code == 2 and f"name one of them: {job}/fold0 to 2" in answer.err
    assert command("task=sample", f"run={job}/fold0").code == 0


def test_runs_and_sweeps_are_listed(command):
    assert "no such directory" in command("task=list").err
    sweep = sweep_of(command(*FOLDS))
    assert command(*TINY, "output=outputs/single").code == 0
    answer = command("task=list")
    assert answer.code == 0
    assert "single" in answer.out and sweep.name in answer.out.replace("\n", "")
    assert str(sweep.parent.parent) == answer.out.splitlines()[-1]


def test_what_a_sweep_is_not_for_is_said_in_one_line(command):
    sweep = sweep_of(command(*FOLDS))
    for line, complaint in (
        (["task=evaluate", f"run={sweep}"], "a sweep of 3 jobs; name one of them, or use task=summarize"),
        ([f"refit={sweep}", "model=charrnn"], "the model comes from the sweep"),
        (["task=summarize", f"run={sweep}/nothing"], "no such directory"),
        (["task=summarize"], "needs run=DIR, the directory of the sweep to summarize"),
        ([f"refit={sweep}/nothing"], "not a sweep"),
    ):
        answer = command(*line)
        assert answer.code == 2
        assert complaint in answer.err and len(answer.err.splitlines()) == 1


def test_an_answer_that_cannot_be_written_is_printed_all_the_same(command):
    sweep = sweep_of(command(*FOLDS))
    (sweep / "summary.json").unlink()
    (sweep / "summary.json").mkdir()
    answer = command("task=summarize", f"run={sweep}")
    assert answer.code == 1
    assert "3/3" in answer.out and "could not be written" in answer.err and len(answer.err.splitlines()) == 1


def test_a_list_tells_what_became_of_jobs_and_calls_none_best_that_has_no_figure(command):
    assert command("-m", "optimizer.lr=1e30,1e31", *TINY, "trainer.gradient_clip_val=null").code == 1
    assert "2 failed" in command("task=list").out and "best" not in command("task=list").out
