"""The one rule of the same line again: shown, gone on with, started afresh, or refused."""

import os

import pytest

from ar_lab import runs
from ar_lab.errors import ConfigError
from ar_lab.runs import stamps

CONFIG = {
    "model": {"name": "net"},
    "data": {"name": "table", "root": "a"},
    "logger": {"x": 1},
    "output": None,
    "run": None,
    "trainer": {"max_steps": 2},
}


@pytest.fixture
def run(tmp_path):
    return runs.create(CONFIG, tmp_path / "run")


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("1,2")
    return file


@pytest.mark.parametrize(
    ("status", "again", "told_to_go_on"),
    [
        ("pending", "new", "resume"),
        ("running", "resume", "resume"),  # by a process that is gone
        ("killed", "resume", "resume"),
        ("interrupted", "resume", "resume"),
        ("failed", "afresh", "resume"),
        ("pruned", "done", "resume"),
        ("done", "done", "done"),
    ],
)
def test_each_state_has_its_standing(run, status, again, told_to_go_on):
    if status != "pending":
        run.write_result(status=status)
        run.write_result(pid=None)
        run.checkpoint("last").touch()
    assert run.standing(CONFIG) == again
    assert run.standing({**CONFIG, "run": str(run.path)}) == told_to_go_on


def test_another_config_is_refused_unless_it_goes_on_with_that_very_run(run):
    run.write_result(status="done")
    longer = {**CONFIG, "trainer": {"max_steps": 9}}
    with pytest.raises(ConfigError, match=r"holds a run with trainer.max_steps=2, this one has trainer.max_steps=9"):
        run.standing(longer)
    with pytest.raises(ConfigError, match=r"is done and kept no last.ckpt to go on from .*; start a new run$"):
        run.standing({**longer, "run": str(run.path)})
    run.checkpoint("last").touch()
    assert run.standing({**longer, "run": str(run.path)}) == "resume"


def test_done_stands_wherever_it_is_told_and_by_whatever_launcher(run):
    run.write_result(status="done")
    assert run.standing({**CONFIG, "logger": None, "launcher": {"n_jobs": 2}, "sweep": {"name": "x"}}) == "done"


def test_done_is_sure_while_the_files_of_its_data_are_as_they_were(run, data):
    run.write_result(status="done", data_checksum="0", data_files=stamps([data]))
    assert run.standing(CONFIG) == "done"
    os.utime(data, ns=(1, 1))
    assert run.standing(CONFIG) == "unsure"
    data.unlink()
    assert run.standing(CONFIG) == "unsure"


def test_done_is_unsure_with_files_that_nobody_knows_or_from_another_place(run, data):
    run.write_result(status="done", data_checksum="0", data_files=None)
    assert run.standing(CONFIG) == "unsure"
    run.write_result(data_files=stamps([data]))
    assert run.standing({**CONFIG, "data": {"name": "table", "root": "b"}}) == "unsure"


def test_clearing_leaves_the_config_and_what_others_wrote(run):
    run.write_result(status="failed")
    for name in ("metrics.csv", "samples.png", "checkpoints/last.ckpt", "log.txt"):
        (run.path / name).touch()
    run.clear()
    assert sorted(file.name for file in run.path.iterdir()) == [".lock", "checkpoints", "config.yaml", "log.txt"]
    assert not list((run.path / "checkpoints").iterdir())
    assert run.status == "pending"


def test_clearing_that_is_cut_short_leaves_nothing_to_resume(run, monkeypatch):
    run.write_result(status="failed")
    run.checkpoint("last").touch()

    def cut(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("ar_lab.runs.run.shutil.rmtree", cut)
    with pytest.raises(KeyboardInterrupt):
        run.clear()
    assert run.checkpoint("last").exists() and run.standing(CONFIG) == "new"
