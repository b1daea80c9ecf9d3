"""Curves: the training loss, the learning rate and the throughput, logged every few steps."""

import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from ar_lab.data.batches import Batch


class Curves(Callback):
    """Logs the mean loss since the last entry every `log_every_n_steps` optimizer steps.

    It goes to the loggers directly: `self.log` in every step costs a fifth of a small model's step.
    """

    def __init__(self, charge: float = 0.0):
        self.charge = charge  # nats per dimension between the loss and the raw data's figure
        self._reset(0)

    def _reset(self, step: int) -> None:
        self.step, self.total, self.batches = step, 0.0, 0
        self._start_the_clock()

    def _start_the_clock(self) -> None:
        self.examples, self.since = 0, time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self._start_the_clock()

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step, "total": self.total, "batches": self.batches}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.step, self.total, self.batches = (state_dict[name] for name in ("step", "total", "batches"))

    def on_train_batch_end(
        self, trainer: pl.Trainer, learner: pl.LightningModule, outputs: dict[str, Any], batch: Batch, number: int
    ) -> None:
        # Lightning hands out the loss divided by the number of batches that it accumulates.
        self.total = self.total + outputs["loss"] * trainer.accumulate_grad_batches
        self.batches += 1
        self.examples += len(batch.x) * trainer.world_size
        if trainer.global_step - self.step < trainer.log_every_n_steps:
            return
        metrics = {
            "train/nats_per_dim": float(self.total) / self.batches + self.charge,
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "examples_per_second": self.examples / (time.monotonic() - self.since),
            "epoch": trainer.current_epoch,
        }
        for logger in trainer.loggers:
            logger.log_metrics(metrics, step=trainer.global_step)
        self._reset(trainer.global_step)
