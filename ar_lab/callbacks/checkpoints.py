"""Checkpoints: written atomically, after every epoch, every so often, and when a signal asks to stop."""

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, Checkpoint, EarlyStopping, ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from ar_lab.callbacks.position import between_batches
from ar_lab.errors import Interrupted
from ar_lab.ranks import gathered


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames, so that a kill or a full disk leaves the last good checkpoint as it was."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".tmp")
        try:
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


class BestCheckpoint(ModelCheckpoint):
    """Keeps best.ckpt in a run directory: the weights with the lowest validation figure."""

    def __init__(self, run: Path):
        super().__init__(
            run / "checkpoints",
            filename="best",
            monitor="validation/nats_per_dim",
            mode="min",
            enable_version_counter=False,
            save_on_train_epoch_end=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Where the run now lies; Lightning would forget the best figure of a run that was moved."""

        def here(path: str) -> str:
            return str(Path(self.dirpath) / Path(path).name) if path else path

        moved = {key: here(state_dict[key]) for key in ("best_model_path", "kth_best_model_path", "last_model_path")}
        best = {here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict({**state_dict, **moved, "best_k_models": best, "dirpath": self.dirpath})
        self.current_score = state_dict["current_score"]  # which Lightning forgets


class LastCheckpoint(Checkpoint):
    """Keeps last.ckpt, from which a run goes on, and turns SIGINT and SIGTERM into a stop between two batches.

    It stops and saves before a batch, every `seconds`, once the validation that may follow the last one is over; and
    only where an optimizer step was just made, since gradients that are still accumulating are not saved. A second
    signal does not wait. With `selects=False` nothing is chosen by a validation part, and the last weights are kept as
    the best ones as well.

    Raises:
        Interrupted: out of `trainer.fit`, after last.ckpt was written.
    """

    def __init__(self, run: Path, selects: bool, seconds: float):
        self.run = run
        self.selects = selects
        self.seconds = seconds
        self.signum: int | None = None
        self.saved_at = time.monotonic()
        self.step = 0
        self.rank = 0

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self.step = trainer.global_step
        # After Lightning set its own, under which SIGTERM ends with exit code 0; its teardown restores those before.
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM):
                signal.signal(signum, self._ask if trainer.is_global_zero else signal.SIG_IGN)

    def _ask(self, signum: int, frame: Any) -> None:
        if self.signum is not None:
            raise Interrupted(signum, self.run)
        self.signum = signum

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        accumulating, self.step = trainer.global_step == self.step, trainer.global_step
        if not accumulating and self._is_due(trainer):
            self._save(trainer)

    def _is_due(self, trainer: pl.Trainer) -> bool:
        """Whether to save before this step: all of several processes or none, since all take part in saving."""
        due = self.signum is not None or time.monotonic() - self.saved_at >= self.seconds
        if trainer.world_size > 1:
            own = torch.tensor([self.signum or 0, due], device=trainer.strategy.root_device)
            signum, due = trainer.strategy.reduce(own, reduce_op="max").tolist()
            self.signum = signum or None
        return bool(due)

    def on_train_epoch_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self._is_due(trainer)  # a signal is for all
        if not self.selects:
            trainer.save_checkpoint(self.run / "checkpoints" / "best.ckpt")
        self._save(trainer)

    def _save(self, trainer: pl.Trainer) -> None:
        trainer.save_checkpoint(self.run / "checkpoints" / "last.ckpt")
        self.saved_at = time.monotonic()
        if self.signum is not None:
            raise Interrupted(self.signum, self.run)

    def setup(self, trainer: pl.Trainer, learner: pl.LightningModule, stage: str) -> None:
        self.rank = trainer.global_rank

    def on_save_checkpoint(self, trainer: pl.Trainer, learner: pl.LightningModule, checkpoint: dict[str, Any]) -> None:
        between_batches(checkpoint["loops"], trainer.num_training_batches)
        if trainer.loggers:  # of rank 0
            checkpoint["metrics_csv"] = trainer.loggers[0].size

    def state_dict(self) -> dict[str, Any]:
        return {"ranks": gathered(random_state())}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if self.rank < len(state_dict["ranks"]):  # else there are more processes than there were
            set_random_state(state_dict["ranks"][self.rank])


def random_state() -> dict[str, Any]:
    """Where the generators of torch, numpy and Python are, in plain containers and tensors."""
    numpy = np.random.get_state(legacy=False)  # noqa: NPY002, what a user's own code may draw from
    numpy["state"]["key"] = numpy["state"]["key"].tolist()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
        "numpy": numpy,
        "python": random.getstate(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    np.random.set_state(state["numpy"])  # noqa: NPY002
    random.setstate(state["python"])


class Patience(EarlyStopping):
    """Early stopping by the validation figure, which a run that goes on after it does not forget."""

    def __init__(self, patience: int):
        # The learner raises DivergenceError on a NaN, which would otherwise stop training as if all were well.
        super().__init__("validation/nats_per_dim", patience=patience, check_finite=False)

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        trainer.should_stop = self.wait_count >= self.patience


class EndWithValidation(Callback):
    """Makes whatever limit ends training end it with a validation, so that best.ckpt always exists."""

    def on_train_batch_end(self, trainer: pl.Trainer, learner: pl.LightningModule, *_: Any) -> None:
        if learner.progress(trainer.global_step) >= 1:
            trainer.should_stop = True  # Lightning validates before such a stop, and not before its own limits
        if trainer.should_stop and trainer.check_val_every_n_epoch:
            trainer.check_val_every_n_epoch = 1
