"""What the value at a place adds to a sum over the past, and what the place then makes of the sum."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.space import Space


class Contributions(nn.Module):
    """W_j phi(x_j), to be added up over the places j before i.

    phi(x) is the level scaled to [-1, 1] where levels are ordered (two of them, or those of an image), so that W_j is
    a vector; of symbols it is their indicator, so that W_j is a column a level.

    Raises:
        ValueError: for real numbers.
    """

    def __init__(self, space: Space, width: int):
        super().__init__()
        if not space.discrete:
            raise ValueError(f"a {space.kind} of real numbers: needs discrete data; charrnn and transformer take both")
        self.levels = space.levels
        self.symbols = features(space) > 1
        self.weight = nn.Parameter(torch.randn(space.dims, features(space), width) * space.dims**-0.5)

    def features(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time features"]:
        """phi(x)."""
        if self.symbols:
            return F.one_hot(x, self.levels).to(self.weight.dtype)
        return self._scaled(x).unsqueeze(-1)

    def each(self, x: Int[Tensor, "batch time"], start: int) -> Float[Tensor, "batch time width"]:
        """W_j phi(x_j) for the places from `start` on."""
        time = x.shape[1]
        weight = self.weight[start : start + time]
        if not self.symbols:
            return self._scaled(x).unsqueeze(-1) * weight.squeeze(1)
        return F.embedding(x + self.levels * torch.arange(time, device=x.device), weight.flatten(0, 1))

    def add(
        self, sums: Float[Tensor, "batch width"], value: Int[Tensor, " batch"], weight: Float[Tensor, "features width"]
    ) -> None:
        """Adds W_j phi(x_j) of one place to sums in place, given (some columns of) W_j."""
        if self.symbols:
            sums.add_(weight[value])
        else:
            sums.addcmul_(self._scaled(value).unsqueeze(-1), weight)

    def _scaled(self, x: Tensor) -> Tensor:
        return x.to(self.weight.dtype) * (2 / (self.levels - 1)) - 1


def features(space: Space) -> int:
    """How many numbers phi(x) is made of."""
    return 1 if space.levels == 2 or space.kind == "image" else space.levels


class PlaceHead(nn.Module):
    """params_i = b_i + V_i a_i: the parameters of place i from its own `rank` numbers.

    A full softmax of 256 levels would have 256 numbers a place, each a sum over all places before it; a_i of some
    lower rank shares them. Where `outputs` is no more than that, V_i is the identity and nothing is shared.
    """

    def __init__(self, space: Space, outputs: int, rank: int):
        super().__init__()
        self.rank = min(rank, outputs)
        shape = space.dims, self.rank, outputs
        self.weight = nn.Parameter(torch.randn(shape) * self.rank**-0.5) if rank < outputs else None
        self.bias = nn.Parameter(torch.zeros(space.dims, outputs))

    def forward(self, numbers: Float[Tensor, "batch time rank"], places: slice) -> Float[Tensor, "batch time outputs"]:
        if self.weight is None:
            return numbers + self.bias[places]
        bias = self.bias[places].unsqueeze(1)
        return torch.baddbmm(bias, numbers.transpose(0, 1), self.weight[places]).transpose(0, 1)
