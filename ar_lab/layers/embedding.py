"""What enters a network at dimension i: the value before it, and where i lies."""

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from ar_lab.space import Space


class PreviousEmbedding(nn.Module):
    """Embeds x_{i-1} at position i: a learned vector a level, or a real number times the learned vector of its column.

    What stands before the first dimension is a symbol of its own: level `levels`, or the number 1.
    """

    def __init__(self, space: Space, width: int):
        super().__init__()
        self.discrete = space.discrete
        self.start_symbol = space.levels if space.discrete else 1.0
        self.table = nn.Embedding(space.levels + 1 if space.discrete else space.dims, width)

    def start(self, batch_size: int) -> Shaped[Tensor, " batch"]:
        """The value before the first dimension."""
        weight = self.table.weight
        dtype = torch.long if self.discrete else weight.dtype
        return torch.full((batch_size,), self.start_symbol, dtype=dtype, device=weight.device)

    def forward(self, previous: Shaped[Tensor, "batch time"], position: int) -> Float[Tensor, "batch time width"]:
        """Features of the dimensions from `position` on, whose predecessors are `previous`."""
        if self.discrete:
            return self.table(previous)
        return previous.unsqueeze(-1) * self.table.weight[position : position + previous.shape[1]]


class PlaceEmbedding(nn.Module):
    """A learned vector a coordinate, added up: row, column and channel of an image's dimension, or its index."""

    def __init__(self, space: Space, width: int):
        super().__init__()
        self.axes = nn.ModuleList(nn.Embedding(size, width) for size in space.shape)
        coordinates = torch.stack(torch.unravel_index(torch.arange(space.dims), space.shape))
        self.register_buffer("coordinates", coordinates, persistent=False)

    def forward(self, places: slice) -> Float[Tensor, "time width"]:
        return sum(axis(index) for axis, index in zip(self.axes, self.coordinates[:, places], strict=True))


class ClassEmbedding(nn.Module):
    """A learned vector a label, added to the features of every dimension (van den Oord et al., 2016b, equation 4)."""

    def __init__(self, space: Space, width: int):
        super().__init__()
        self.table = nn.Embedding(space.classes, width) if space.classes else None

    def forward(self, condition: Int[Tensor, " batch"] | None) -> Float[Tensor, "batch width"] | None:
        """None for a space without classes."""
        return None if self.table is None else self.table(condition)
