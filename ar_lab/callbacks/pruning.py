"""Pruning: gives a training up when an optimizer of hyperparameters finds its validation figure hopeless."""

from collections.abc import Callable

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from ar_lab.learner import MaximumLikelihood


class Pruned(Exception):
    """A training was given up at this validation figure, in nats per dimension."""

    def __init__(self, figure: float):
        self.figure = figure
        super().__init__(f"given up at {figure:.4f} nats per dimension")


class Pruning(Callback):
    """Asks at every validation whether to give up, by the percents of training that are done and the figure so far.

    Raises:
        Pruned: out of `trainer.fit`; never at the end of training, when only the scoring is left to save.
    """

    def __init__(self, stops: Callable[[int, float], bool]):
        self.stops = stops

    def on_validation_end(self, trainer: pl.Trainer, learner: MaximumLikelihood) -> None:
        progress = learner.progress(trainer.global_step)
        figure = float(trainer.callback_metrics["validation/nats_per_dim"])
        if progress < 1 and self.stops(round(100 * progress), figure):
            raise Pruned(figure)
