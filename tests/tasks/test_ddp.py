"""trainer=ddp: several processes train one run as one process would, stop together, and none outlives the run."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from ar_lab import ranks
from ar_lab.callbacks.curves import Curves
from ar_lab.restore import read_checkpoint
from tests.tasks.conftest import QUICK, SMALL, logged, result
from tests.tasks.test_going_on import STREAM, StopAt, same_weights

pytestmark = pytest.mark.slow

DDP = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
ALONE = ["trainer.strategy=auto", "trainer.devices=1"]
CASES = {
    # The last of an epoch's batches has one row.
    "images": [*SMALL["pixelcnn"], "data.batch_size=17", "trainer.max_steps=80", "learner.ema=0.9"],
    # And here the last of the validation batches.
    "plateau": [
        *[*SMALL["charrnn"], "data.batch_size=11", "trainer.max_epochs=1", "scheduler=plateau"],
        *["learner.patience=1", "trainer.accumulate_grad_batches=3"],
    ],
    "stream": [*SMALL["charrnn"], *STREAM, "data.batch_size=7", "trainer.max_steps=45"],
    "windows": [*SMALL["transformer"], "data=pydocs", "data.fraction=0.02", "data.context=16", "trainer.max_steps=40"],
}


@pytest.mark.parametrize("case", CASES)
def test_two_processes_draw_the_loss_curve_of_one(lab, case):
    line = [*QUICK, *CASES[case], "trainer.accelerator=cpu", "trainer.log_every_n_steps=1"]
    one, two = lab(*line, "output=one"), lab(*line, *DDP, "output=two")
    ours, theirs = curves(two), curves(one)
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert any(metric == "validation/nats_per_dim" for metric, _ in ours)
    torch.testing.assert_close(last(two)["state_dict"], last(one)["state_dict"], rtol=0, atol=1e-4)
    assert result(two)["metrics"] == pytest.approx(result(one)["metrics"], abs=1e-4)


def last(run: Path) -> dict[str, Any]:
    return read_checkpoint(run / "checkpoints/last.ckpt")


def curves(run: Path) -> dict[tuple[str, int], float]:
    """The figures and learning rates of metrics.csv, each of which must stand there once."""
    rows = [row for row in logged(run) if row["metric"] != "examples_per_second"]
    values = {(row["metric"], int(row["step"])): float(row["value"]) for row in rows}
    assert len(values) == len(rows)
    return values


CARRIED = {
    "dropout": [*SMALL["transformer"], "model.dropout=0.3", "learner.ema=0.9"],
    "stream": [*SMALL["charrnn"], *STREAM, "model.dropout=0.3"],
}


@pytest.mark.parametrize(
    ("carried", "signum", "code"), [("dropout", signal.SIGTERM, 143), ("stream", signal.SIGINT, 130)]
)
def test_all_stop_at_one_step_and_go_on_to_the_same_weights(lab, monkeypatch, capfd, carried, signum, code):
    line = [*QUICK, *CARRIED[carried], *DDP, "trainer.max_steps=30"]
    whole = lab(*line, "output=whole")
    StopAt(monkeypatch, 17, signum)
    stopped = lab(*line, "output=stopped", code=code)
    assert result(stopped)["status"] == "interrupted"
    if carried == "stream":
        lab("task=train", f"run={stopped}", *ALONE, code=2)
        assert (
            "last.ckpt lies within a stream that 2 processes carry; go on with trainer.devices=2"
            in capfd.readouterr().err
        )
    lab("task=train", f"run={stopped}", *DDP[1:], "trainer.strategy=ddp")
    assert result(stopped)["resumed_at_step"] == 17
    assert same_weights(stopped, whole)
    assert result(stopped)["metrics"] == result(whole)["metrics"]
    ours, theirs = last(whole)["callbacks"]["LastCheckpoint"]["ranks"]
    assert str(ours) != str(theirs)  # each draws dropout of its own


def test_a_run_whose_helper_is_killed_counts_as_killed_and_goes_on(lab, monkeypatch, capfd):
    line = [*QUICK, *SMALL["charrnn"], *DDP, "trainer.max_epochs=2", "output=run"]
    started = recorded_starts(monkeypatch)
    original = Curves.on_train_batch_end

    def kill(callback, trainer, *rest):
        original(callback, trainer, *rest)
        if trainer.global_step == 30:  # within the second epoch
            started[0].kill()

    monkeypatch.setattr(Curves, "on_train_batch_end", kill)
    run = lab(*line, code=1)
    assert "rank 1 of 2 was killed by SIGKILL" in capfd.readouterr().err
    assert result(run)["status"] == "killed"
    monkeypatch.setattr(Curves, "on_train_batch_end", original)
    lab(*line)
    assert result(run)["status"] == "done"
    assert result(run)["resumed_at_step"] > 0
    assert [process.poll() for process in started] == [-signal.SIGKILL, 0]


def recorded_starts(monkeypatch) -> list[subprocess.Popen]:
    """The processes that are started from now on."""
    started, original = [], ranks._start

    def start(*args):
        started.append(original(*args))
        return started[-1]

    monkeypatch.setattr(ranks, "_start", start)
    return started


UNLUCKY = """
from torch import distributed

from ar_lab.models.charrnn import CharRNN


class Unlucky(CharRNN):
    def advance(self, *args):
        if distributed.is_initialized() and distributed.get_rank() == 1:
            raise ArithmeticError("out of luck")
        return super().advance(*args)
"""


def test_what_another_process_fails_of_is_what_the_run_fails_of(lab, monkeypatch, tmp_path, capfd):
    (tmp_path / "unlucky.py").write_text(UNLUCKY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AR_LAB_TRUST", "unlucky")
    started = recorded_starts(monkeypatch)
    run = lab(*QUICK, *SMALL["charrnn"], "model._target_=unlucky.Unlucky", *DDP, "output=run", code=1)
    assert capfd.readouterr().err.strip() == "ar_lab: rank 1 of 2 failed: ArithmeticError: out of luck"
    assert result(run)["status"] == "failed"
    assert 'raise ArithmeticError("out of luck")' in result(run)["traceback"]
    assert started[0].poll() is not None


def test_divergence_is_said_as_by_one_process(lab, capfd):
    line = [*QUICK, *SMALL["charrnn"], "optimizer=sgd", "optimizer.lr=1e30", "scheduler=constant"]
    lab(*line, *DDP, "trainer.gradient_clip_val=null", "output=run", code=1)
    assert capfd.readouterr().err.count("training diverged") == 1


def test_all_end_when_the_time_is_over(lab):
    run = lab(*QUICK, *SMALL["charrnn"], *DDP, "trainer.max_epochs=-1", "trainer.max_time=00:00:00:03", "output=run")
    assert result(run)["status"] == "done"
    assert curves(run)["validation/nats_per_dim", result(run)["steps"]]


def test_no_process_outlives_a_killed_run(tmp_path):
    line = [*QUICK, *SMALL["charrnn"], *DDP, "trainer.max_epochs=-1", "trainer.max_steps=1000000"]
    main = subprocess.Popen(
        [sys.executable, "-m", "ar_lab", *line, f"output={tmp_path / 'run'}"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: (tmp_path / "run/checkpoints/last.ckpt").exists())
        others = [pid for pid in processes() if f"{tmp_path / 'run'}" in command_of(pid) and pid != main.pid]
        assert len(others) == 1
    finally:
        main.kill()
        main.wait()
    wait_until(lambda: not command_of(others[0]))


def wait_until(condition) -> None:
    until = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def command_of(pid: int) -> str:
    """Empty once the process is over, also while its parent has not asked how."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_job_of_a_sweep_trains_with_two_processes(tmp_path):
    line = ["cv=kfold", "cv.fold=0,1", "cv.folds=3", *QUICK, *SMALL["charrnn"], *DDP, "trainer.max_steps=10"]
    answer = subprocess.run(
        [sys.executable, "-m", "ar_lab", *line, "output=sweep"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stderr
    jobs = [json.loads(path.read_text()) for path in (tmp_path / "sweep").glob("*/result.json")]
    assert [job["status"] for job in jobs] == ["done", "done"]
    assert {job["processes"] for job in jobs} == {2}
    assert not (tmp_path / "outputs").exists()
    assert answer.stdout.strip().endswith("sweep")
