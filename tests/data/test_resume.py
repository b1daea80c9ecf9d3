"""A run that stopped goes on with exactly the batches it had not seen, in Lightning's own loop."""

from itertools import chain

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.text import ByteCodec
from ar_lab.data.batches import Batch
from ar_lab.data.module import DataModule
from ar_lab.data.parts import Parts

# Lightning 2.6 takes a batch collection apart with what torch 2.15 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")

STEPS = 13
IMAGES = torch.arange(40, dtype=torch.uint8).view(10, 4)
TEXT = torch.arange(256, dtype=torch.uint8)


def data(kind: str) -> DataModule:
    """Four or five batches an epoch."""
    if kind == "images":
        parts = Parts(ImageCodec((2, 2, 1), 256, 256), IMAGES, IMAGES[:3], IMAGES[:3], "")
        return DataModule(parts, batch_size=2, seed=1)
    parts = Parts(ByteCodec(10), TEXT, TEXT[:30], TEXT[:30], "")
    return DataModule(parts, batch_size=5, seed=1, stream=kind == "lanes")


class Recorder(pl.LightningModule):
    """Keeps every batch it is given."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.seen: list[list[list[int]]] = []

    def training_step(self, batch: Batch) -> torch.Tensor:
        self.seen.append(batch.x.tolist())
        return self.weight.square()

    def validation_step(self, batch: Batch) -> None:
        self.log("validation/size", float(len(batch.x)), batch_size=len(batch.x))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveAt(pl.Callback):
    """Saves after one step, as a signal or the clock makes a run do, and stops there."""

    def __init__(self, step: int, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_) -> None:
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)
            raise KeyError("stopped")


def trainer(max_steps: int, *callbacks: pl.Callback) -> pl.Trainer:
    return pl.Trainer(
        max_epochs=-1,
        max_steps=max_steps,
        callbacks=list(callbacks),
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def uninterrupted(kind: str) -> list:
    recorder = Recorder()
    trainer(STEPS).fit(recorder, data(kind))
    return recorder.seen


def resumed(kind: str, path) -> list:
    recorder = Recorder()
    trainer(STEPS).fit(recorder, data(kind), ckpt_path=path, weights_only=True)
    return recorder.seen


@pytest.mark.parametrize("kind", ["images", "windows", "lanes"])
def test_a_run_stopped_within_an_epoch_goes_on_with_the_batches_not_seen(kind, tmp_path):
    expected = uninterrupted(kind)
    assert len(expected) == STEPS
    assert len({str(batch) for batch in expected[:4]}) == 4
    for step in (1, 7):  # in the first epoch and in a later one
        recorder = Recorder()
        with pytest.raises(KeyError):
            trainer(STEPS, SaveAt(step, tmp_path / "last.ckpt")).fit(recorder, data(kind))
        assert recorder.seen == expected[:step]
        assert resumed(kind, tmp_path / "last.ckpt") == expected[step:]


@pytest.mark.parametrize("steps", [3, 5, 8, 10])
def test_a_run_that_reached_its_limit_goes_on_with_the_batches_not_seen(steps, tmp_path):
    expected = uninterrupted("images")
    first = trainer(steps)
    first.fit(recorder := Recorder(), data("images"))
    first.save_checkpoint(tmp_path / "last.ckpt")
    assert recorder.seen + resumed("images", tmp_path / "last.ckpt") == expected


def test_every_epoch_has_an_order_of_its_own():
    seen = uninterrupted("images")
    first, second = seen[:5], seen[5:10]
    assert first != second
    assert sorted(chain(*first)) == sorted(chain(*second)) == IMAGES.tolist()
