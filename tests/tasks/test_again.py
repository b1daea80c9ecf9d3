"""The same line again, with the same `output`: shown, gone on with or started afresh, and said which."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ar_lab import runs
from ar_lab.restore import read_checkpoint
from tests.command.conftest import composed
from tests.tasks.conftest import SMALL, logged, result

QUICK = ["logger=csv", "task.samples=2", "data=table", "data.path=table.csv", "data.batch_size=4"]
LINE = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=4", "trainer.log_every_n_steps=1", "output=run"]


@pytest.fixture(autouse=True)
def table(tmp_path: Path) -> Path:
    file = tmp_path / "table.csv"
    file.write_text("a,b\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(60)))
    return file


def pretend(run: Path, **fields) -> None:
    """Changes what a run says of itself."""
    (run / "result.json").write_text(json.dumps({**result(run), **fields}))


def train_steps(run: Path) -> list[int]:
    return [int(row["step"]) for row in logged(run) if row["metric"] == "train/nats_per_dim"]


def test_a_finished_run_is_shown_and_left_as_it_is(lab, capfd):
    run = lab(*LINE)
    before, shown = result(run), capfd.readouterr().out
    lab(*LINE)
    assert result(run) == before and capfd.readouterr().out == shown


def test_other_data_start_it_afresh_and_that_is_said(lab, table, capfd):
    run = lab(*LINE)
    before = result(run)
    table.write_text(table.read_text() + "3,3\n")
    lab(*LINE)
    assert "the data are others now" in capfd.readouterr().err
    assert result(run)["data_checksum"] != before["data_checksum"] and train_steps(run) == [1, 2, 3, 4]


def test_the_same_data_in_a_file_written_again_leave_it_done(lab, table):
    run = lab(*LINE)
    before = result(run)
    os.utime(table, ns=(1, 1))
    lab(*LINE)
    after = result(run)
    assert after["data_files"] != before["data_files"]  # so that the next time they need not be read
    assert {**after, "data_files": None} == {**before, "data_files": None}


def test_a_run_does_not_go_on_with_other_data(lab, table, capfd):
    run = lab(*LINE)
    table.write_text(table.read_text() + "3,3\n")
    lab("task=train", f"run={run}", "trainer.max_steps=6", code=2)
    assert "the data are others now" in capfd.readouterr().err
    assert result(run)["status"] == "done"


def labeled(file: Path, labels: np.ndarray) -> list[str]:
    """The same images whatever their labels, which decide the folds; the line that learns one of these."""
    images = np.random.default_rng(0).integers(0, 256, (60, 4, 4), dtype=np.uint8)
    np.savez(file, images=images, labels=labels)
    data = ["data=image_files", f"data.path={file}", "data.levels=4", "data.batch_size=8"]
    fold = ["cv=kfold", "cv.folds=3", "cv.fold=1", "launcher=basic", "output=sweep"]
    return [*SMALL["charrnn"], "logger=csv", "task.samples=2", "trainer.max_steps=2", *data, *fold]


@pytest.mark.parametrize("status", ["done", "running"])
def test_other_labels_are_other_data(lab, tmp_path, status, capfd):
    labels = np.arange(60) % 3
    [job] = (path.parent for path in lab(*labeled(tmp_path / "a.npz", labels)).glob("*/result.json"))
    before = result(job)
    pretend(job, status=status, pid=None)
    lab(*labeled(tmp_path / "a.npz", np.sort(labels)))
    after = result(job)
    assert "the data are others now" in capfd.readouterr().err and "resumed_at_step" not in after
    assert after["status"] == "done" and after["split"]["hash"] != before["split"]["hash"]


@pytest.mark.parametrize("status", ["done", "running"])
def test_the_same_data_split_otherwise_start_it_afresh(lab, table, status, capfd):
    run = lab(*LINE)
    split = result(run)["split"]
    pretend(run, status=status, pid=None, split={**split, "hash": "0" * 64})
    os.utime(table, ns=(1, 1))
    lab(*LINE)
    assert "the data are split otherwise now (hash" in capfd.readouterr().err
    assert result(run)["split"] == split and train_steps(run) == [1, 2, 3, 4]
    assert "resumed_at_step" not in result(run)


def test_a_run_that_is_cut_short_looks_at_its_data_even_if_the_files_are_as_they_were(lab, tmp_path, table, capfd):
    run = lab(*LINE)
    pretend(run, status="running", pid=None)
    other = tmp_path / "other.csv"
    other.write_text(table.read_text() + "3,3\n")
    lab("task=train", f"run={run}", f"data.path={other}", code=2)
    assert "the data are others now" in capfd.readouterr().err
    assert result(run)["status"] == "running"


def test_a_failed_run_starts_afresh_but_goes_on_when_told_to(lab):
    run = lab(*LINE)
    pretend(run, status="failed", wandb_id="old")
    lab("task=train", f"run={run}")
    assert result(run)["resumed_at_step"] == 4 and result(run)["wandb_id"] == "old"
    pretend(run, status="failed")
    lab(*LINE)
    assert not {"resumed_at_step", "wandb_id"} & set(result(run))
    assert result(run)["status"] == "done" and train_steps(run) == [1, 2, 3, 4]


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_run_cut_short_without_a_checkpoint_starts_from_the_beginning_and_says_so(lab, how, capfd):
    run = lab(*LINE)
    pretend(run, status="running", pid=None, wandb_id="kept")
    last = run / "checkpoints" / "last.ckpt"
    last.unlink() if how == "missing" else last.write_bytes(b"half")
    lab(*LINE)
    assert "starts from the beginning" in capfd.readouterr().err
    assert train_steps(run) == [1, 2, 3, 4] and read_checkpoint(last)["global_step"] == 4
    assert result(run)["wandb_id"] == "kept" and "resumed_at_step" not in result(run)


def test_a_frozen_config_alone_is_run(lab):
    run = runs.create(composed(*(argument for argument in LINE if not argument.startswith("output="))), "run")
    assert run.status == "pending"
    lab(*LINE)
    assert run.status == "done"


@pytest.mark.parametrize(("count", "kept"), [(2, {"best.ckpt", "last.ckpt"}), (1, {"best.ckpt"}), (0, set())])
def test_a_finished_run_keeps_as_many_checkpoints_as_it_is_told(lab, count, kept, capfd):
    run = lab(*LINE, f"checkpoints={count}")
    assert {file.name for file in (run / "checkpoints").iterdir()} == kept
    lab(*LINE, f"checkpoints={count}")
    lab("task=train", f"run={run}", "trainer.max_steps=6", code=0 if count == 2 else 2)
    assert ("kept no last.ckpt to go on from" in capfd.readouterr().err) == (count < 2)


def test_a_stop_after_the_last_figure_takes_nothing_back(lab, monkeypatch):
    original = runs.Run.keep_checkpoints

    def stop(run, count):
        original(run, count)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs.Run, "keep_checkpoints", stop)
    run = lab(*LINE, "checkpoints=0", code=130)
    assert result(run)["status"] == "done"


def test_figures_of_averaged_weights_are_those_of_the_kept_checkpoint(lab):
    digits = ["logger=csv", "task.samples=2", "evaluation.examples=16", "trainer.max_steps=8"]
    run = lab(*SMALL["charrnn"], *digits, "learner.ema=0.9")  # whose places are counted by a buffer
    lab("task=evaluate", f"run={run}")
    then, again = result(run)["metrics"], result(run / "evaluate")["metrics"]
    assert {name: again[name] for name in then} == pytest.approx(then, rel=1e-6)
