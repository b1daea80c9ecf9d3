"""Batches: what an epoch fetches from a part held in memory, whole batches at a time, in a resumable order."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, Integer, Shaped
from torch import Tensor

from ar_lab.errors import ConfigError


class Batch(NamedTuple):
    """Examples, and what their conditionals are given beside the past.

    That is the label of every example where the data are conditioned on it, or of text the block of the training part
    that every window begins in, where the model asks for blocks.
    """

    x: Shaped[Tensor, "batch dims"]  # int64 levels, or floats
    condition: Int64[Tensor, " batch"] | None = None

    def share(self, rank: int, processes: int) -> "Batch":
        """The rows of one process, of several that train together."""
        return Batch(*(None if part is None else part.tensor_split(processes)[rank] for part in self))


Fetch = Callable[[int], Batch]  # batch number -> examples


def examples(x: Shaped[Tensor, "batch dims"]) -> Shaped[Tensor, "batch dims"]:
    """A batch as models take it: int64 levels, or floats as they are."""
    return x if x.is_floating_point() else x.long()


def windows(stream: Integer[Tensor, " length"], dims: int, seams: Sequence[int] = ()) -> Integer[Tensor, "count dims"]:
    """The whole windows of a stream one after another, none across a seam; what is left before one is dropped."""
    return torch.cat([part[: len(part) // dims * dims].view(-1, dims) for part in stream.tensor_split([*seams])])


def block_of(starts: Integer[Tensor, "*windows"], length: int, blocks: int) -> Int64[Tensor, "*windows"]:
    """Which of `blocks` equal blocks of a stream every window begins in."""
    return starts * blocks // length


class FixedBatches:
    """Examples in their own order, the last batch as small as it comes."""

    def __init__(
        self, x: Shaped[Tensor, "count dims"], batch_size: int, condition: Int64[Tensor, " count"] | None = None
    ):
        self.batches = x.split(batch_size) if len(x) else ()
        self.conditions = [None] * len(self.batches) if condition is None else condition.split(batch_size)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return (Batch(examples(x), given) for x, given in zip(self.batches, self.conditions, strict=True))


class TrainingBatches(ABC):
    """One epoch of batches an iteration, in an order that depends on the seed and the epoch's number alone.

    Lightning keeps `state_dict` in every checkpoint and restores it before it iterates: the iteration then goes on with
    the first batch that was not fetched. It counts its own epochs, since Lightning's count is one ahead after a stop
    within an epoch.
    """

    def __init__(self, seed: int):
        self.seed = seed
        self.epoch = 0
        self.fetched = 0  # batches of this epoch
        self.restored = False

    @abstractmethod
    def __len__(self) -> int:
        """Batches an epoch."""

    @abstractmethod
    def arrange(self, generator: torch.Generator) -> Fetch:
        """Decides the order of an epoch."""

    def __iter__(self) -> Iterator[Batch]:
        # Lightning asks for iterators that it never uses: nothing here runs until the first batch is asked for.
        if self.fetched and (not self.restored or self.fetched == len(self)):
            self.epoch, self.fetched = self.epoch + 1, 0
        self.restored = False
        fetch = self.arrange(torch.Generator().manual_seed(_mixed(self.seed, self.epoch)))
        for number in range(self.fetched, len(self)):
            self.fetched = number + 1
            yield fetch(number)

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "fetched": self.fetched}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.fetched, self.restored = state["epoch"], state["fetched"], True


def _mixed(seed: int, epoch: int) -> int:
    """One seed for the pair, since seed + epoch would give neighboring seeds the same orders."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])


class ShuffledExamples(TrainingBatches):
    """Every example once an epoch, in random order."""

    def __init__(
        self,
        x: Shaped[Tensor, "count dims"],
        batch_size: int,
        seed: int,
        condition: Int64[Tensor, " count"] | None = None,
    ):
        super().__init__(seed)
        self.x, self.batch_size, self.condition = x, batch_size, condition

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def arrange(self, generator: torch.Generator) -> Fetch:
        batches = torch.randperm(len(self.x), generator=generator).split(self.batch_size)

        def fetch(number: int) -> Batch:
            chosen = batches[number]
            return Batch(examples(self.x[chosen]), None if self.condition is None else self.condition[chosen])

        return fetch


class ShuffledWindows(TrainingBatches):
    """Windows of a stream in random order, cut afresh every epoch, none across a seam.

    The cuts of an epoch lie `dims` apart from a random offset. For their number to be the same in every epoch, up to
    2 * dims - 1 symbols at the two ends sit an epoch out; so they do at every seam.

    Raises:
        ConfigError: when no stretch between seams is as long as a window.
    """

    def __init__(
        self,
        stream: Integer[Tensor, " length"],
        dims: int,
        batch_size: int,
        seed: int,
        seams: Sequence[int] = (),
        blocks: int | None = None,
    ):
        super().__init__(seed)
        self.stream, self.dims, self.batch_size, self.blocks = stream, dims, batch_size, blocks
        ends = [0, *seams, len(stream)]
        self.stretches = [range(begin, end) for begin, end in pairwise(ends) if end - begin >= dims]
        if not self.stretches:
            raise ConfigError(f"data.context={dims}: the training part has nowhere as many symbols in a row; lower it")
        self.counts = [max(1, len(stretch) // dims - 1) for stretch in self.stretches]

    def __len__(self) -> int:
        return -(-sum(self.counts) // self.batch_size)

    def arrange(self, generator: torch.Generator) -> Fetch:
        pairs = zip(self.stretches, self.counts, strict=True)
        cuts = torch.cat([self.cuts(stretch, count, generator) for stretch, count in pairs])
        batches = cuts[torch.randperm(len(cuts), generator=generator)].split(self.batch_size)

        def fetch(number: int) -> Batch:
            starts = batches[number]
            x = self.stream[starts[:, None] + torch.arange(self.dims)]
            blocks = None if self.blocks is None else block_of(starts, len(self.stream), self.blocks)
            return Batch(examples(x), blocks)

        return fetch

    def cuts(self, stretch: range, count: int, generator: torch.Generator) -> Int64[Tensor, " count"]:
        """Where the windows of a stretch begin in this epoch."""
        room = min(self.dims - 1, len(stretch) - count * self.dims)
        return stretch.start + torch.randint(room + 1, (), generator=generator) + self.dims * torch.arange(count)


class Lanes(TrainingBatches):
    """A stream as `batch_size` lanes of equal length, read in step: row b of batch t is window t of lane b.

    What row b learns from batch t goes on in row b of batch t + 1: the order of truncated backpropagation through time.
    No window reaches across a seam; what is carried does, as it does from one of several files to the next.

    Raises:
        ConfigError: when a lane would be shorter than one window.
    """

    def __init__(
        self,
        stream: Integer[Tensor, " length"],
        dims: int,
        batch_size: int,
        seams: Sequence[int] = (),
        blocks: int | None = None,
    ):
        super().__init__(seed=0)
        whole = windows(stream, dims, seams)
        count = len(whole) // batch_size
        if not count:
            raise ConfigError(
                f"data.batch_size={batch_size} lanes of data.context={dims} symbols need {batch_size * dims:,}, "
                f"the training part has {len(stream):,}: lower one of them"
            )
        self.lanes = whole[: batch_size * count].view(batch_size, count, dims)
        self.blocks: Tensor | None = None
        if blocks is not None:
            starts = windows(torch.arange(len(stream)), dims, seams)[: batch_size * count, 0]
            self.blocks = block_of(starts.view(batch_size, count), len(stream), blocks)

    def __len__(self) -> int:
        return self.lanes.shape[1]

    def arrange(self, generator: torch.Generator) -> Fetch:
        def fetch(number: int) -> Batch:
            return Batch(examples(self.lanes[:, number]), None if self.blocks is None else self.blocks[:, number])

        return fetch
