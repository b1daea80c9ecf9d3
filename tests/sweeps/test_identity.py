"""Identity: the same work has the same name wherever and however it is done; a changed value is other work."""

import pytest

from ar_lab.runs.differences import difference
from ar_lab.sweeps.identity import configuration_id, job_id, key_of, sweep_name
from tests.command.conftest import composed


def test_a_changed_value_is_another_job():
    assert job_id(composed()) != job_id(composed("optimizer.lr=1e-4"))
    assert job_id(composed()) != job_id(composed("seed=1"))
    assert job_id(composed("optimizer.lr=1e-4")) == job_id(composed("optimizer.lr=0.0001"))


def test_a_job_of_an_earlier_ar_lab_keeps_its_name():
    now = composed()
    later = {"data": ("shift", "mutation", "only"), "learner": ("select",), "evaluation": ("curves",)}
    then = now | {part: {k: v for k, v in now[part].items() if k not in keys} for part, keys in later.items()}
    assert job_id(then) == job_id(now)
    assert difference(then, now) is None
    assert job_id(composed("data.shift=1")) != job_id(now)
    assert difference(then, composed("data.shift=1")) == ("data.shift", 0, 1)


@pytest.mark.parametrize(
    "place",
    [
        "output=/elsewhere",
        "logger=csv",
        "data.root=/elsewhere",
        "launcher=basic",
        "launcher.threads=1",
        "sweep.name=x",
        "cv.repeats=3",
    ],
)
def test_where_and_how_a_job_runs_is_not_part_of_it(place):
    fold = ["data=mnist", "cv=kfold", "cv.fold=0"]
    assert job_id(composed(*fold, place)) == job_id(composed(*fold))


def test_folds_repeats_and_seeds_are_replicates_of_one_configuration():
    fold = ["cv=kfold", "cv.fold=0"]
    first = composed(*fold)
    for other in (["cv=kfold", "cv.fold=1"], [*fold, "seed=7"], [*fold, "cv.repeats=2", "cv.repeat=1"]):
        assert job_id(composed(*other)) != job_id(first)
    assert configuration_id(composed("cv=kfold", "cv.fold=1", "seed=3")) == configuration_id(first)
    assert configuration_id(composed(*fold, "model.dropout=0.1")) != configuration_id(first)


def test_the_same_line_in_any_order_names_the_same_sweep():
    config = composed()
    name = sweep_name([config], ["a=1,2", "b=3"])
    assert name == sweep_name([config], ["b=3", "a=1,2"])
    assert name == sweep_name(
        [config], ["b=3", "launcher=joblib", "a=1,2", "sweep.fail_fast=true", "hydra.verbose=true"]
    )
    assert name != sweep_name([config], ["b=3", "a=1,2,3"])
    assert name.startswith("pixelcnn_digits_")
    assert sweep_name([composed("model=charrnn"), config, config], []).startswith("charrnn-pixelcnn_digits_")


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("a.b=1", "a.b"),
        ("+a.b=1", "a.b"),
        ("++a=x=y", "a"),
        ("~a", "a"),
        ("hydra/launcher=basic", "hydra.launcher"),
        ("a@b=c", "a"),
    ],
)
def test_the_key_of_an_override(override, key):
    assert key_of(override) == key
