"""W&B offline, read back with W&B's own reader: the state, the config, the curves, the gallery and the figures."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tasks.conftest import SMALL, result

LINE = [*SMALL["charrnn"], "logger=wandb", "task.samples=2", "evaluation.examples=16", "trainer.log_every_n_steps=1"]


def inspected(run: Path) -> str:
    """What W&B's reader says of the one offline run in a run directory."""
    (directory,) = (run / "wandb").glob("offline-run-*")
    command = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--summary", str(directory)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def test_a_finished_run_holds_config_curves_gallery_and_figures(lab):
    run = lab(*LINE, "trainer.max_steps=3")
    said = inspected(run)
    assert "state    finished (exit code 0)" in said
    for name in (
        "test/nats_per_dim",
        "validation/nats_per_dim",
        "learning_rate",
        "samples",
        "data.name",
        "model.hidden",
    ):
        assert name in said, name
    assert f"{result(run)['metrics']['baseline/nats_per_dim']:.10f}"[:10] in said


def test_a_failed_run_is_failed_there_too_and_the_next_is_another(lab):
    broken = lab(*LINE, "optimizer=sgd", "optimizer.lr=1e30", "trainer.gradient_clip_val=null", "output=a", code=1)
    sound = lab(*LINE, "trainer.max_steps=1", "output=b")
    assert "exit code 1" in inspected(broken)
    assert "exit code 0" in inspected(sound)
    assert result(broken)["wandb_id"] != result(sound)["wandb_id"]


def test_online_without_a_key_is_one_line(lab, capfd):
    lab(*LINE, "logger.mode=online", "trainer.max_steps=1", code=2)
    assert "needs a W&B key" in capfd.readouterr().err


def test_tensorboard_writes_into_the_run(lab):
    run = lab(*LINE, "logger=tensorboard", "trainer.max_steps=2")
    assert list((run / "tensorboard").glob("events*"))
