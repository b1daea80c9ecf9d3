"""Augmentation: what is done to a training example whenever it is fetched; held-out parts never see it."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int64, Integer
from torch import Tensor

from ar_lab.data.batches import Batch, TrainingBatches
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError
from ar_lab.space import Space

Shape = tuple[int, int, int]  # height, width, channels


@dataclass(frozen=True)
class Augmentation:
    """Random shifts of images, then random mutations of levels, drawn anew every epoch.

    What a batch becomes depends on the seed, the epoch and the number of the batch alone, so that a run that goes on,
    and every process of several, sees what an uninterrupted one would.
    """

    space: Space
    shift: int  # greatest number of pixels up, down, left and right
    mutation: float  # probability of a dimension to be replaced
    seed: int
    background: Int64[Tensor, " channels"]  # what comes in at the edges of a shifted image

    @classmethod
    def of(cls, parts: Parts, shift: int, mutation: float, seed: int) -> "Augmentation":
        """Raises ConfigError for a shift of what is no image, or by more than it has, or a mutation of real numbers."""
        space = parts.codec.space
        if shift and not (space.kind == "image" and space.discrete):
            raise ConfigError(f"data.shift={shift}: needs images, this data is of kind {space.kind}; leave it at 0")
        if shift >= min(space.image_shape[:2]) and shift:
            height, width, _ = space.image_shape
            raise ConfigError(f"data.shift={shift}: leaves nothing of images of {height}x{width} pixels; use less")
        if mutation and not space.discrete:
            raise ConfigError(f"data.mutation={mutation}: needs levels, this data has real numbers; leave it at 0")
        background = border(parts.train, space.image_shape) if shift else torch.zeros(1, dtype=torch.int64)
        return cls(space, shift, mutation, seed, background)

    def __bool__(self) -> bool:
        return bool(self.shift or self.mutation)

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        shifted = f"data.shift={self.shift}: training images are moved by up to so many pixels either way, anew"
        mutated = f"data.mutation={self.mutation:g}: this part of the training levels is replaced by uniform ones, anew"
        return [f"{note} every epoch" for note, on in ((shifted, self.shift), (mutated, self.mutation)) if on]

    def __call__(self, batch: Batch, epoch: int, number: int) -> Batch:
        x, generator = batch.x, _generator(self.seed, epoch, number)
        if self.shift:
            offsets = torch.randint(-self.shift, self.shift + 1, (len(x), 2), generator=generator)
            x = shifted(x, offsets, self.background, self.space.image_shape)
        if self.mutation:
            replaced = torch.rand(x.shape, generator=generator) < self.mutation
            x = torch.where(replaced, torch.randint(self.space.levels, x.shape, generator=generator), x)
        return batch._replace(x=x)


class Augmented:
    """Training batches, each augmented when it is fetched."""

    def __init__(self, batches: TrainingBatches, augmentation: Augmentation):
        self.batches, self.augmentation = batches, augmentation

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self):
        return (self.augmentation(batch, self.batches.epoch, self.batches.fetched - 1) for batch in self.batches)

    def state_dict(self) -> dict[str, int]:
        return self.batches.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.batches.load_state_dict(state)


def border(images: Integer[Tensor, "count dims"], shape: Shape) -> Int64[Tensor, " channels"]:
    """The most frequent level of every channel at the edges of images.

    It is what lies beyond an edge wherever there is a background, black or white, which level 0 need not be.
    """
    x = images.view(-1, *shape)
    edges = torch.cat([x[:, [0, -1]].flatten(0, 2), x[:, :, [0, -1]].flatten(0, 2)]).long()
    return torch.stack([torch.bincount(channel).argmax() for channel in edges.unbind(1)])


def shifted(
    x: Int64[Tensor, "batch dims"],
    offsets: Int64[Tensor, "batch 2"],
    background: Int64[Tensor, " channels"],
    shape: Shape,
) -> Int64[Tensor, "batch dims"]:
    """Images moved down and to the right by their offsets."""
    height, width, _ = shape
    images, image = x.view(-1, *shape), torch.arange(len(x))[:, None, None]
    rows, columns = torch.arange(height) - offsets[:, :1], torch.arange(width) - offsets[:, 1:]
    inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None, :]
    moved = images[image, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]]
    return torch.where(inside[..., None], moved, background).view_as(x)


def _within(places: Int64[Tensor, "batch side"], side: int) -> Bool[Tensor, "batch side"]:
    return (places >= 0) & (places < side)


def _generator(seed: int, epoch: int, number: int) -> torch.Generator:
    """One for the batch, unlike the epoch's own, which decides the order."""
    mixed = np.random.SeedSequence([seed, epoch], spawn_key=(number,)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed))
