"""A sweep on W&B, offline and read back with W&B's own reader: a run a job, and one that carries the answer."""

import json
import signal
from pathlib import Path

import pytest

from tests.tasks.conftest import SMALL, result
from tests.tasks.test_going_on import StopAt
from tests.tasks.wandb_reader import Seen, no_account, seen  # noqa: F401

LINE = [*SMALL["pixelcnn"], "logger=wandb", "task.samples=2", "data.epochs=1", "evaluation.examples=16"]
TINY = [*LINE, "trainer.max_steps=2", "trainer.gradient_clip_val=null", "launcher=basic", "output=S"]
FOLDS = ["cv=kfold", "cv.folds=2", *TINY]


def jobs(sweep: Path) -> dict[str, Seen]:
    """The runs of the jobs of a sweep by their names; each job has one."""
    found = [run for place in sweep.glob("*/config.yaml") for run in seen(place.parent)]
    assert len({run.named for run in found}) == len(found)
    return {run.named[0]: run for run in found}


def answer(sweep: Path) -> dict:
    return json.loads((sweep / "summary.json").read_text())


def table(run: Seen, name: str) -> list[dict]:
    """The rows of a table that a run logged."""
    content = json.loads((run.path / "files" / run.summary[name]["path"]).read_text())
    return [dict(zip(content["columns"], row, strict=True)) for row in content["data"]]


def test_every_job_is_a_run_in_the_sweeps_group_and_one_run_carries_the_answer(lab):
    sweep = lab(*FOLDS, "optimizer.lr=0.001,0.01")
    found = jobs(sweep).values()
    assert {run.named for run in found} == {
        (f"pixelcnn digits optimizer.lr={rate} fold {fold}", "S", f"fold {fold}")
        for rate in ("0.001", "0.01")
        for fold in (0, 1)
    }
    assert {run.exit_code for run in found} == {0}

    (summary,) = seen(sweep)
    assert summary.named == ("S", "S", "summary")
    assert (summary.state, summary.whole["config"]["metric"]) == ("finished", "test/nats_per_dim")
    best, second = answer(sweep)["configurations"]
    low, high = best["ci95"]
    expected = {"mean": best["mean"], "se": best["se"], "std": best["std"], "ci95_low": low, "ci95_high": high}
    assert {name: summary.summary[f"best/{name}"] for name in expected} == expected
    assert summary.summary["best/configuration"] == best["overrides"][0]
    assert summary.summary[f"mean/{second['overrides'][0]}"] == second["mean"]
    assert summary.summary["jobs/done"] == 4
    assert [row["mean"] for row in table(summary, "configurations")] == [best["mean"], second["mean"]]
    (pair,) = table(summary, "comparisons")
    assert pair["difference"] == answer(sweep)["comparisons"][0]["difference"]
    assert (summary.path / "files" / summary.summary["summary"]["path"]).read_bytes() == (
        sweep / "summary.png"
    ).read_bytes()

    lab(*FOLDS, "optimizer.lr=0.001,0.01")
    lab("task=summarize", f"run={sweep}")
    assert len(seen(sweep)) == 1, "nothing ran, so nothing is to be told"


@pytest.mark.slow
def test_a_job_that_failed_is_failed_there_too_and_the_summary_goes_on_as_one_run(lab):
    line = ["-m", "optimizer.lr=0.001,1e30", *TINY]
    sweep = lab(*line, code=1)
    found = jobs(sweep)
    assert {run.named[1:] for run in found.values()} == {("S", "job")}
    assert found["pixelcnn digits optimizer.lr=0.001"].state == "finished"
    assert found["pixelcnn digits optimizer.lr=1e+30"].state == "failed"
    lab(*line, code=1)
    first, again = seen(sweep)
    assert first.id == again.id
    assert {(run.state, run.summary["jobs/failed"]) for run in (first, again)} == {("failed", 1)}


@pytest.mark.slow
def test_an_interrupted_job_goes_on_as_the_same_run(lab, monkeypatch):
    line = [*FOLDS, "trainer.max_steps=4"]
    StopAt(monkeypatch, 2, signal.SIGTERM)
    sweep = lab(*line, code=143)
    (stopped,) = (place.parent for place in sweep.glob("*/result.json"))
    lab(*line)
    first, again = seen(stopped)
    assert first.id == again.id == result(stopped)["wandb_id"]
    assert [(run.state, run.exit_code) for run in (first, again)] == [("failed", 143), ("finished", 0)]
    assert [run.state for run in seen(sweep)] == ["failed", "finished"]


def test_folds_inside_one_job_are_runs_of_the_sweep(lab):
    sweep = lab(*FOLDS, "cv.fold=all", "+logger.group=mine")
    (job,) = (place.parent for place in sweep.glob("*/config.yaml"))
    found = [run for fold in (0, 1) for run in seen(job / f"fold{fold}")]
    assert [run.named for run in found] == [(f"pixelcnn digits fold {k}", "mine", f"fold {k}") for k in (0, 1)]
    assert [run.named for run in seen(sweep)] == [("S", "mine", "summary")]
    assert not seen(job)


@pytest.mark.slow
def test_a_search_tells_its_trials_apart_and_shows_its_history(lab):
    sweep = lab("sweep=optuna", "sweep.n_trials=2", "optimizer.lr=interval(0.001,0.01)", *TINY)
    rates = [job["overrides"][-1] for job in json.loads((sweep / "sweep.json").read_text())["jobs"]]
    assert set(jobs(sweep)) == {f"pixelcnn digits {rate}" for rate in rates}
    (summary,) = seen(sweep)
    assert {"history", "best/mean", "configurations"} <= set(summary.summary)
    lab("sweep=optuna", "sweep.n_trials=2", "optimizer.lr=interval(0.001,0.01)", *TINY)
    assert len(seen(sweep)) == 1


@pytest.mark.parametrize("more", [["logger.mode=online"], []])
def test_what_w_and_b_refuses_is_one_line_and_the_sweep_has_its_answer(lab, capfd, more):
    Path("S").mkdir()
    Path("S/sweep.json").write_text('{"line": [], "jobs": []}')
    Path("S/wandb.json").write_text("not written by us")
    sweep = lab("-m", "seed=0,1", *TINY, *more, code=1 if more else 0)
    (line,) = (line for line in capfd.readouterr().err.splitlines() if "no W&B summary" in line)
    assert ("needs a W&B key" in line) == bool(more)
    assert answer(sweep)["jobs"]["failed" if more else "done"] == 2
    assert not seen(sweep)
