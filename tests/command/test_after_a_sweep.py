"""What later lines do with a sweep: show it, go on with it, train its best; and what they refuse."""

import json
import os
from pathlib import Path

import pytest

from ar_lab.runs import Run
from ar_lab.runs.recording import alone
from tests.command.sweep_lines import FOLDS, TINY, results, summary, sweep_of, written


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


@pytest.mark.slow
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
