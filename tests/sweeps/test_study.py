"""The study: trials are counted, drawn anew in the same order, and stopped; no job is trained here."""

import json
from pathlib import Path

import pytest

from ar_lab.errors import ConfigError
from ar_lab.runs import Run
from ar_lab.sweeps.search_space import parse
from ar_lab.sweeps.study import STUDY, TRIAL, Study, Trial, counts, recorded, stopper

SPACE = parse(["model.hidden=8,16,32", "optimizer.lr=tag(log,interval(1e-4,1e-1))"])
SETTINGS = {"strategy": "optuna", "sampler": "tpe", "seed": 0, "startup": 3, "pruner": "none"}


def config(**settings) -> dict:
    return {"sweep": SETTINGS | settings, "cv": {"folds": None, "fold": None}}


def figure(trial: Trial) -> float:
    return abs(float(trial.point["optimizer.lr"]) - 0.01) + 0.001 * int(trial.point["model.hidden"])


def draw(path: Path, n: int, **settings) -> list[dict]:
    """The points of `n` trials, in a study of a process of its own as far as the study can tell."""
    path.mkdir(exist_ok=True)
    study = Study(path, config(**settings))
    while len(study.trials) < n:
        trial = study.ask(SPACE)
        study.tell(trial, "done", figure(trial))
    return [dict(trial.point) for trial in study.trials]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_an_interrupted_search_draws_the_trials_that_it_would_have_drawn_at_once(tmp_path, sampler):
    for n in (2, 5, 8):
        in_parts = draw(tmp_path / "parts", n, sampler=sampler)
    assert in_parts == draw(tmp_path / "whole", 8, sampler=sampler)
    assert len({point["optimizer.lr"] for point in in_parts}) == 8
    assert in_parts != draw(tmp_path / "other", 8, sampler=sampler, seed=1)


def test_tpe_learns_from_what_it_was_told(tmp_path):
    points = draw(tmp_path, 30, startup=5)
    assert sum(point["model.hidden"] == "8" for point in points[15:]) > 8


def test_every_end_of_a_job_is_a_state_and_a_cut_short_one_is_still_running(tmp_path):
    study = Study(tmp_path, config())
    ends = [("done", 1.0), ("failed", None), ("pruned", None), ("done", None), None]
    for trial, end in [(study.ask(SPACE), end) for end in ends]:
        if end is not None:
            study.tell(trial, *end)
    assert [trial.state for trial in study.trials] == ["COMPLETE", "FAIL", "PRUNED", "FAIL", "RUNNING"]
    assert counts(study.trials) == {"total": 5, "complete": 1, "pruned": 1, "fail": 2, "running": 1}


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_point_that_failed_is_not_drawn_again(tmp_path, sampler):
    study, space = Study(tmp_path, config(sampler=sampler)), parse(["a=range(0,3)", "b=x,y", "c=choice(only)"])
    for _ in range(20):
        trial = study.ask(space)
        assert trial.point not in study.failed()
        study.tell(trial, *(("failed",) if trial.point["b"] == "x" else ("done", float(trial.point["a"]))))
    assert {trial.state for trial in study.trials} == {"COMPLETE", "FAIL"}


def test_a_point_is_drawn_again_where_all_have_failed(tmp_path):
    study, space = Study(tmp_path, config()), parse(["a=x,y"])
    for _ in range(3):
        study.tell(study.ask(space), "failed")
    assert {trial.point["a"] for trial in study.trials[:2]} == {"x", "y"}


def test_the_trials_of_a_directory_are_read_without_a_write(tmp_path):
    assert recorded(tmp_path) == [] and not any(tmp_path.iterdir())
    draw(tmp_path, 2)
    content = (tmp_path / STUDY).read_bytes()
    assert recorded(tmp_path) == Study(tmp_path, config()).trials
    assert (tmp_path / STUDY).read_bytes() == content


def test_importances_need_two_different_figures_and_sum_to_one(tmp_path):
    study = Study(tmp_path, config())
    draw(tmp_path, 1)
    assert study.importances() == {}
    draw(tmp_path, 8)
    importances = study.importances()
    assert set(importances) == {"model.hidden", "optimizer.lr"}
    assert sum(importances.values()) == pytest.approx(1.0)


def test_a_study_is_of_one_space_and_one_config(tmp_path):
    study = Study(tmp_path, config())
    study.claim(SPACE, {"model": {"layers": 1}, "output": "here"})
    study.claim(SPACE, {"model": {"layers": 1}, "output": "there"})
    with pytest.raises(ConfigError, match=r"model\.layers=1, this one has model\.layers=2"):
        study.claim(SPACE, {"model": {"layers": 2}})
    with pytest.raises(ConfigError, match="another space"):
        study.claim(parse(["model.hidden=0,1"]), {"model": {"layers": 1}})


def job_of(study: Study, trial: Trial) -> Run:
    run = Run(study.path / f"job{trial.number}")
    run.path.mkdir()
    study.assign(trial, run)
    return run


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_the_worst_trial_is_stopped_and_the_best_is_not(tmp_path, pruner):
    settings = config(pruner=pruner, startup=1)
    study = Study(tmp_path, settings)
    for _ in range(12):  # hyperband compares within a bracket alone
        trial = study.ask(SPACE)
        stops = stopper(job_of(study, trial), settings)
        assert not any(stops(step, 1.0) for step in (1, 3, 9, 27, 81))
        study.tell(trial, "done", 1.0)
    bad, good = study.ask(SPACE), study.ask(SPACE)
    stops = stopper(job_of(study, bad), settings)
    assert any(stops(step, 9.0) for step in (1, 3, 9, 27, 81))
    stops = stopper(job_of(study, good), settings)
    assert not any(stops(step, 0.1) for step in (1, 3, 9, 27, 81))


def test_a_step_that_was_reported_before_a_kill_is_asked_about_again(tmp_path):
    settings = config(pruner="median", startup=1)
    study = Study(tmp_path, settings)
    first, second = study.ask(SPACE), study.ask(SPACE)
    stopper(job_of(study, first), settings)(10, 1.0)
    study.tell(first, "done", 1.0)
    run = job_of(study, second)
    assert stopper(run, settings)(10, 2.0)
    assert stopper(run, settings)(10, 2.0)


def test_nobody_stops_a_job_that_no_trial_waits_for(tmp_path):
    settings = config(pruner="median")
    study = Study(tmp_path, settings)
    trial = study.ask(SPACE)
    run = job_of(study, trial)
    assert stopper(run, settings) is not None
    study.tell(trial, "done", 1.0)
    assert stopper(run, settings) is None
    assert stopper(Run(tmp_path / "another"), settings) is None
    assert stopper(run, config(pruner="none")) is None


def test_only_a_pruner_leaves_a_file_in_the_job(tmp_path):
    for pruner, written in (("none", False), ("median", True)):
        (tmp_path / pruner).mkdir()
        study = Study(tmp_path / pruner, config(pruner=pruner))
        run = job_of(study, study.ask(SPACE))
        assert (run.path / TRIAL).is_file() is written
        assert not written or json.loads((run.path / TRIAL).read_text()) == {"number": 0}
