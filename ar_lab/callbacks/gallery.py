"""The sample gallery: what the model makes after each validation, from the same noise every time."""

import time
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import WandbLogger
from torch import Tensor

from ar_lab.sampling.labels import labels_in_turn

SECONDS_BETWEEN_GALLERIES = 30.0


class Gallery(Callback):
    """Sends samples to W&B as an image, or as a table of texts, at most every half a minute.

    The noise is fixed, so that one sees the same draws change as the model learns.
    """

    def __init__(self, noise: Tensor, render: Callable[[Tensor], Any]):
        self.noise = noise
        self.render = render  # coded samples -> a picture, or a list of texts
        self.drawn_at = float("-inf")

    def on_validation_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
        if not loggers or time.monotonic() - self.drawn_at < SECONDS_BETWEEN_GALLERIES:
            return
        with torch.inference_mode():
            labels = labels_in_turn(learner.model.space, len(self.noise), learner.device)
            x = learner.model.sample(len(self.noise), self.noise.to(learner.device), condition=labels)
            shown = self.render(x.cpu())
        for logger in loggers:
            if isinstance(shown, list):
                rows = [[trainer.global_step, text] for text in shown]
                logger.log_text("samples", columns=["step", "text"], data=rows, step=trainer.global_step)
            else:
                logger.log_image("samples", images=[shown], step=trainer.global_step)
        self.drawn_at = time.monotonic()
