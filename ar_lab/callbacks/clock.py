"""The clock of a limited training time, one for all processes that train together."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Timer
from pytorch_lightning.trainer.states import RunningStage


class Clock(Timer):
    """Lightning's Timer by the time of rank 0 when a batch starts: all end at one step, at one learning rate."""

    def __init__(self, duration: str):
        super().__init__(duration)
        self.elapsed: float | None = None

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        self.elapsed = trainer.strategy.broadcast(float(super().time_elapsed()))

    def time_elapsed(self, stage: str = RunningStage.TRAINING) -> float:
        if stage == RunningStage.TRAINING and self.elapsed is not None:
            return self.elapsed
        return float(super().time_elapsed(stage))
