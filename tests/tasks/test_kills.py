"""SIGKILL at any moment, and the same line again: the run ends bit for bit as if nothing had happened.

Here a run is cut at every checkpoint that it writes, in this process; another test kills real processes.
"""

import functools
import multiprocessing
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from ar_lab.callbacks.checkpoints import AtomicCheckpointIO
from ar_lab.restore import read_checkpoint
from tests.tasks.conftest import SMALL, logged, result

DIGITS = ["logger=csv", "task.samples=2", "evaluation.examples=16", "data.batch_size=128", "optimizer.lr=0.05"]
LINE = [*SMALL["charrnn"], *DIGITS, "model.dropout=0.3", "trainer.log_every_n_steps=3", "learner.save_seconds=0"]
TEXT = ["data=pydocs", "data.fraction=0.1", "data.stream=true", "data.context=16", "data.batch_size=8"]
# An epoch of digits has 12 batches. Intervals of validation that end with it or do not, limits, and what is carried.
CUT = {
    "averaged": ["trainer.max_steps=16", "trainer.val_check_interval=5", "learner.ema=0.9", "optimizer=muon"],
    "plateau": ["trainer.max_steps=14", "trainer.val_check_interval=4", "scheduler=plateau", "scheduler.patience=0"],
    "stopped early": ["trainer.val_check_interval=3", "learner.patience=1", "optimizer.lr=2", "trainer.max_epochs=4"],
    "limited": ["trainer.max_epochs=3", "+trainer.limit_train_batches=4", "trainer.accumulate_grad_batches=2"],
    "carried": [*TEXT, "trainer.max_epochs=2", "+trainer.limit_train_batches=6", "trainer.val_check_interval=4"],
    "unselected": ["trainer.max_epochs=1", "data.validation=0", "learner.ema=0.9"],
}


def tensors(content: Any, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor in a checkpoint, by its place."""
    if isinstance(content, torch.Tensor):
        yield name, content
    items = (
        content.items() if isinstance(content, dict) else enumerate(content) if type(content) in (list, tuple) else ()
    )
    for key, value in items:
        yield from tensors(value, f"{name}/{Path(str(key)).name}")  # some keys are paths


def differing(run: Path, other: Path) -> list[str]:
    """In what two runs differ of what must be equal to the last bit."""
    found = []
    for name in ("best", "last"):
        ours, theirs = (dict(tensors(read_checkpoint(r / f"checkpoints/{name}.ckpt"))) for r in (run, other))
        assert any("state_dict" in place for place in ours)
        found += [
            name + place for place in ours.keys() | theirs.keys() if not equal(ours.get(place), theirs.get(place))
        ]
    ours, theirs = ([row for row in logged(r) if row["metric"] != "examples_per_second"] for r in (run, other))
    found += ["metrics.csv"] if ours != theirs else []
    return found + [key for key in ("metrics", "steps", "wandb_id") if result(run).get(key) != result(other).get(key)]


def equal(ours: torch.Tensor | None, theirs: torch.Tensor | None) -> bool:
    return ours is not None and theirs is not None and ours.dtype == theirs.dtype and torch.equal(ours, theirs)


@pytest.fixture
def copies(monkeypatch, tmp_path) -> list[Path]:
    """The run directory `whole` as a kill would leave it right after each checkpoint."""
    made, save = [], AtomicCheckpointIO.save_checkpoint

    def save_and_copy(self, checkpoint, path, storage_options=None):
        save(self, checkpoint, path, storage_options)
        run = Path(path).parent.parent
        if run.name == "whole":
            made.append(shutil.copytree(run, tmp_path / f"cut{len(made)}"))

    monkeypatch.setattr(AtomicCheckpointIO, "save_checkpoint", save_and_copy)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUT)
def test_a_run_goes_on_exactly_from_each_of_its_checkpoints(lab, copies, monkeypatch, cut):
    whole = lab(*LINE, *CUT[cut], "output=whole")
    assert len(copies) > 8
    monkeypatch.setattr("ar_lab.runs.run.is_alive", lambda *_: False)
    for copy in copies:
        lab(*LINE, *CUT[cut], f"output={copy}")
        assert differing(copy, whole) == [], copy.name


TRAINING = {  # where a process may be killed beside: function, whether before or after it, and its last call to choose
    "checkpoint being written": ("torch.save", False, 3),
    "checkpoint written": ("ar_lab.callbacks.checkpoints.AtomicCheckpointIO.save_checkpoint", True, 3),
    "result": ("ar_lab.runs.run.write_json", True, 2),
    "step": ("ar_lab.learner.MaximumLikelihood.training_step", True, 5),
    "validation": ("ar_lab.learner.MaximumLikelihood.validation_step", True, 1),
    "curves": ("ar_lab.callbacks.metrics_csv.MetricsCSV.log_metrics", True, 1),
}
ENDING = {  # the same once training is over
    "scoring": ("ar_lab.tasks.train.figures", True, 1),
    "sampling": ("ar_lab.tasks.train.save_samples", True, 1),
}
Death = tuple[str, bool, int, float]  # function, whether after it, the number of its call, and seconds after that


def die_at(name: str, after: bool, count: int, delay: float) -> None:
    """Lets this process be killed around the count-th call of a function."""
    owner, _, attribute = name.rpartition(".")
    owner = sys.modules.get(owner) or getattr(sys.modules[owner.rpartition(".")[0]], owner.rpartition(".")[2])
    original, calls = getattr(owner, attribute), []

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)  # Lightning looks at the signatures of what it calls
    def fatal(*args, **kwargs):
        calls.append(1)
        answer = original(*args, **kwargs) if after or len(calls) < count else None
        if len(calls) == count:
            threading.Timer(delay, die).start() if delay else die()
        return answer

    setattr(owner, attribute, fatal)


def life(line: list[str], directory: Path, death: Death | None) -> None:
    """One process of a run."""
    from ar_lab.__main__ import main

    os.chdir(directory)
    torch.set_num_threads(1)
    if death is not None:
        die_at(*death)
    sys.exit(main(line))


def lived(line: list[str], directory: Path, death: Death | None) -> int:
    """Runs a line in a process, and returns its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ar_lab.__main__", "ar_lab.tasks.train", __name__])
    process = context.Process(target=life, args=(line, directory, death))
    process.start()
    process.join()
    return process.exitcode


def deaths(draw: random.Random) -> list[Death]:
    """Every place once in random order, and random moments after a step; at last those where training is over."""
    found = [(name, after, draw.randint(1, last), 0.0) for name, after, last in TRAINING.values()]
    step = TRAINING["step"][0]
    found += [(step, True, draw.randint(1, 3), draw.uniform(0.001, 0.05)) for _ in range(4)]
    draw.shuffle(found)
    return [*found, *((*place, 0.0) for place in ENDING.values())]


SEAMS = ["trainer.max_steps=150", "trainer.val_check_interval=7", "learner.ema=0.9", "trainer.log_every_n_steps=4"]


@pytest.mark.slow
@pytest.mark.parametrize("carried", [["optimizer=muon"], ["scheduler=plateau", "scheduler.patience=0"]])
@pytest.mark.parametrize("save_seconds", [0, 0.05])
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_were_not(tmp_path, carried, save_seconds):
    line = [*LINE, *SEAMS, *carried, f"learner.save_seconds={save_seconds}"]
    assert lived([*line, "output=whole"], tmp_path, None) == 0
    line = [*line, "output=killed"]
    for death in deaths(random.Random(save_seconds)):
        assert lived(line, tmp_path, death) == -signal.SIGKILL, death
    assert lived(line, tmp_path, None) == 0
    assert differing(tmp_path / "killed", tmp_path / "whole") == []


@pytest.mark.slow
def test_a_killed_run_goes_on_under_its_name_at_wandb(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    line = [*LINE, *SEAMS, "logger=wandb", "output=run"]
    assert lived(line, tmp_path, ("torch.save", False, 9, 0.0)) == -signal.SIGKILL
    before = result(tmp_path / "run")["wandb_id"]
    assert lived(line, tmp_path, None) == 0
    assert result(tmp_path / "run")["wandb_id"] == before
    assert {path.name.rpartition("-")[2] for path in (tmp_path / "run/wandb").glob("offline-run-*")} == {before}
