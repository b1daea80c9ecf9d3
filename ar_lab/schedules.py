"""Schedules: the learning rate as a function of how far training has come."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from math import cos, pi
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

Progress = Callable[[int], float]  # optimizer steps taken -> the part of training that is done, in [0, 1]


class Schedule(ABC):
    """Makes the scheduler of an optimizer."""

    needs_validation = False

    @abstractmethod
    def configure(self, optimizer: Optimizer, progress: Progress) -> dict[str, Any]:
        """The scheduler in the form that Lightning's `configure_optimizers` returns."""


class Constant(Schedule):
    """A linear warm-up over `warmup` optimizer steps, but at most the first tenth of training; then 1."""

    def __init__(self, warmup: int = 0):
        self.warmup = warmup

    def factor(self, step: int, done: float) -> float:
        return min(1.0, max((step + 1) / (self.warmup + 1), 10 * done))

    def configure(self, optimizer: Optimizer, progress: Progress) -> dict[str, Any]:
        return {
            "scheduler": LambdaLR(optimizer, lambda step: self.factor(step, progress(step))),
            "interval": "step",
        }


class Cosine(Constant):
    """Half a cosine from 1 to `floor` after the warm-up (Loshchilov and Hutter, 2017, equation 5, without restarts)."""

    def __init__(self, warmup: int = 20, floor: float = 0.0):
        super().__init__(warmup)
        self.floor = floor

    def factor(self, step: int, done: float) -> float:
        annealed = self.floor + (1 - self.floor) * (1 + cos(pi * min(done, 1.0))) / 2
        return super().factor(step, done) * annealed


class Plateau(Schedule):
    """Multiplies the rate by `factor` after `patience` validations without a better figure."""

    needs_validation = True

    def __init__(self, factor: float = 0.5, patience: int = 2):
        self.factor = factor
        self.patience = patience

    def configure(self, optimizer: Optimizer, progress: Progress) -> dict[str, Any]:
        return {
            "scheduler": ReduceLROnPlateau(optimizer, factor=self.factor, patience=self.patience),
            # Never by Lightning, whose step at an epoch's end comes after the checkpoint: the learner takes it.
            "interval": "epoch",
            "frequency": sys.maxsize,
            "monitor": "validation/nats_per_dim",
        }
