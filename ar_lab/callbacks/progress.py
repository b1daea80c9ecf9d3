"""The progress bar: nats per dimension of training and validation, throughput and time left, on standard error."""

import sys
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ar_lab.data.batches import Batch

SECONDS_BETWEEN_UPDATES = 0.5
SECONDS_BETWEEN_LINES = 15.0  # where standard error is not a terminal


class Bar(ProgressBar):
    """One bar for the whole training, up to whichever limit is nearest; plain lines where there is no terminal."""

    def __init__(self, unit: str, dims_per_unit: int, charge: float = 0.0):
        super().__init__()
        self.unit = unit  # of throughput: images, rows or characters
        self.per_example = dims_per_unit
        self.charge = charge  # nats per dimension between the loss and the raw data's figure
        self.console = Console(stderr=True)
        self.enabled = True

    def disable(self) -> None:
        self.enabled = False

    def enable(self) -> None:
        self.enabled = True

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self.began = self.shown = time.monotonic()
        self.done_before = learner.progress(trainer.global_step)
        self.examples, self.smoothed, self.validation = 0, None, None
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        self.bar = Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[left]}"), console=self.console)
        self.row = self.bar.add_task("training", total=1.0, left="")
        if self.enabled and self.console.is_terminal:
            self.bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, learner: pl.LightningModule, outputs: dict[str, Any], batch: Batch, number: int
    ) -> None:
        self.examples += len(batch.x) * trainer.world_size
        interval = SECONDS_BETWEEN_UPDATES if self.console.is_terminal else SECONDS_BETWEEN_LINES
        if time.monotonic() - self.shown > interval:
            loss = float(outputs["loss"]) * trainer.accumulate_grad_batches + self.charge
            self.smoothed = loss if self.smoothed is None else 0.7 * self.smoothed + 0.3 * loss
            self._show(trainer, learner)

    def on_validation_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        figure = trainer.callback_metrics.get("validation/nats_per_dim")
        self.validation = None if figure is None else float(figure)

    def on_train_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self._show(trainer, learner)
        self.bar.stop()

    def on_exception(self, trainer: pl.Trainer, learner: pl.LightningModule, exception: BaseException) -> None:
        if hasattr(self, "bar"):
            self.bar.stop()

    def _show(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self.shown = time.monotonic()
        elapsed = self.shown - self.began
        done = min(1.0, learner.progress(trainer.global_step))
        left = elapsed * (1 - done) / (done - self.done_before) if done > self.done_before else None
        figures = [f"step {trainer.global_step}"]
        figures += [f"train {self.smoothed:.4f}"] if self.smoothed is not None else []
        figures += [f"validation {self.validation:.4f}"] if self.validation is not None else []
        figures[-1] += " nats/dim" if len(figures) > 1 else ""
        figures.append(f"{self.examples * self.per_example / elapsed:,.0f} {self.unit}/s")
        text, remaining = "  ".join(figures), "" if left is None else f"{left:.0f} s left"
        if not self.enabled:
            return
        if self.console.is_terminal:
            self.bar.update(self.row, completed=done, description=text, left=remaining)
        else:
            print(f"{text}  {100 * done:.0f}%  {remaining}".rstrip(), file=sys.stderr, flush=True)
