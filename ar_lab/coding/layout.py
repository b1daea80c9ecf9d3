"""Which symbols are coded side by side: the lanes of a stream, or batches of examples."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

LANE = 2048  # symbols of a stream that make up for a lane's beginning, which is coded without context
LANES = 1024


@dataclass(frozen=True)
class Batch:
    """Rows that are coded side by side, step by step; entry `starts[r]` is where row r begins among all symbols."""

    starts: Int64[np.ndarray, " rows"]
    steps: int
    short: int = 0  # the last so many rows lack the last step
    first: int = 0  # number of the first example

    def live(self, step: int) -> int:
        """How many rows, from the first, have a symbol at this step."""
        return len(self.starts) - (self.short if step == self.steps - 1 else 0)


@dataclass(frozen=True)
class Layout:
    """A stream of `count` symbols in `lanes` stretches, the first longer by one; or `count` examples in batches."""

    count: int
    dims: int | None  # of an example; None: a stream
    lanes: int

    @property
    def symbols(self) -> int:
        return self.count * (self.dims or 1)

    @property
    def steps(self) -> int:
        """Of all batches together."""
        lanes = min(self.lanes, self.count) or 1
        batches = -(-self.count // lanes)
        return batches if self.dims is None else batches * self.dims

    def batches(self) -> Iterator[Batch]:
        if self.dims is None:
            yield from self._stream()
            return
        for first in range(0, self.count, self.lanes):
            rows = np.arange(first, min(first + self.lanes, self.count))
            yield Batch(rows * self.dims, self.dims, first=first)

    def _stream(self) -> Iterator[Batch]:
        lanes = min(self.lanes, self.count)
        if not lanes:
            return
        each, longer = divmod(self.count, lanes)
        number = np.arange(lanes)
        yield Batch(number * each + np.minimum(number, longer), each + bool(longer), (lanes - longer) % lanes)


def lanes_of(count: int) -> int:
    """As many lanes as a stream's length makes up for."""
    return max(1, min(LANES, count // LANE))
