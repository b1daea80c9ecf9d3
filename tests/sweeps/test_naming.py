"""What jobs are called: told apart by what their sweep varies, whatever else is on its line."""

import json

import pytest

from ar_lab.sweeps.naming import LONGEST, naming, naming_of_summary

CV = {"folds": 5, "fold": 2, "repeats": 1, "repeat": 0}
CONFIG = {"model": {"name": "charrnn"}, "data": {"name": "digits"}, "seed": 3, "logger": {"group": None}, "cv": CV}


@pytest.fixture
def job(tmp_path):
    """A job directory of a sweep whose line and overrides are given."""

    def make(line, overrides):
        sweep = tmp_path / "night"
        sweep.mkdir()
        planned = {"line": line, "jobs": [{"id": "other", "overrides": []}, {"id": "abc", "overrides": overrides}]}
        (sweep / "sweep.json").write_text(json.dumps(planned))
        return sweep / "abc"

    return make


def test_a_job_is_named_by_what_the_line_leaves_open_and_its_replicate(job):
    path = job(
        ["cv=kfold", "model=charrnn,pixelcnn", "optimizer.betas=[.9, .99]", "optimizer.lr=1e-3,1e-2", "seed=3,4"],
        ["cv=kfold", "model=charrnn", "optimizer.betas=[0.9,0.99]", "optimizer.lr=0.01", "seed=3", "cv.fold=2"],
    )
    assert naming(path, CONFIG) == {
        "group": "night",
        "job_type": "fold 2",
        "name": "charrnn digits optimizer.lr=0.01 fold 2 seed 3",
    }
    assert naming(path / "fold2", CONFIG) == naming(path, CONFIG)


def test_a_repeat_is_named_where_there_are_several(job):
    path = job(["cv=kfold"], ["cv=kfold", "cv.fold=2", "cv.repeat=1"])
    config = {**CONFIG, "cv": {**CV, "repeats": 2, "repeat": 1}}
    assert naming(path, config)["job_type"] == "fold 2, repeat 1"
    assert naming(path, config)["name"] == "charrnn digits fold 2, repeat 1"
    assert naming(path, {**CONFIG, "cv": {**CV, "fold": None}})["job_type"] == "job"


def test_a_long_name_keeps_its_fold(job):
    path = job(["cv=kfold"], [f"data.path={'x' * 200}", "cv.fold=2"])
    name = naming(path, CONFIG)["name"]
    assert len(name) == LONGEST and name.endswith("xxx fold 2")


def test_a_group_of_the_line_comes_first_and_a_run_outside_of_sweeps_has_no_name(job, tmp_path):
    path = job([], [])
    config = {**CONFIG, "logger": {"group": "mine"}}
    assert naming(path, config)["group"] == naming_of_summary(path.parent, config["logger"])["group"] == "mine"
    assert naming_of_summary(path.parent, {})["name"] == "night"
    assert naming(tmp_path / "a" / "run", CONFIG) == {}
    assert naming(path.parent / "not planned", CONFIG)["name"] == "charrnn digits fold 2"
