"""Hidden layers whose units each see only a prefix of the places: in one masked pass, and unit by unit."""

from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.contributions import Contributions
from ar_lab.space import Space


def degrees(dims: int, hidden: list[int], generator: torch.Generator | None) -> list[Int[Tensor, " _"]]:
    """m(k) of the units k of every layer: how many places they may see, in 1 … D - 1 (Germain et al., 2015, section 4).

    Drawn uniformly from the least degree of the layer below upwards; without a generator spread evenly.
    """
    most, least, drawn = max(dims - 1, 1), 1, []
    for units in hidden:
        if generator is None:
            layer = torch.linspace(1, most, units).round().long()
        else:
            layer = torch.randint(least, most + 1, (units,), generator=generator)
        least = int(layer.min())
        drawn.append(layer)
    return drawn


class MaskedLayers(nn.Module):
    """h_1 = relu(c_1 + (W_1 o M_1) phi(x)), h_l = relu(c_l + (W_l o M_l) h_{l-1}), a = (V o M_V) h_L.

    With the degrees m of the units and d = 1 … D of the places, M_1 is [m_1(k) >= d], M_l is [m_l(k') >= m_{l-1}(k)]
    and M_V is [d > m_L(k)] (Germain et al., 2015, equations 8, 13 and 9). Each place gets `rank` numbers a_d.
    """

    def __init__(self, space: Space, hidden: list[int], rank: int):
        super().__init__()
        self.dims, self.rank = space.dims, rank
        self.first = Contributions(space, hidden[0])
        self.bias = nn.Parameter(torch.zeros(hidden[0]))
        self.between = nn.ModuleList(nn.Linear(below, above) for below, above in pairwise(hidden))
        self.last = nn.Linear(hidden[-1], space.dims * rank, bias=False)

    def masks(self, degrees: list[Int[Tensor, " _"]]) -> list[Bool[Tensor, "_ _"]]:
        """M_1, M_2 …, M_V."""
        d = torch.arange(1, self.dims + 1, device=degrees[0].device)
        inner = [above[:, None] >= below for below, above in pairwise([d, *degrees])]
        return [*inner, d[:, None] > degrees[-1]]

    def forward(
        self,
        x: Int[Tensor, "batch dims"],
        offset: Float[Tensor, "batch units"] | None,
        masks: list[Bool[Tensor, "_ _"]],
    ) -> Float[Tensor, "batch dims rank"]:
        """`offset`, of a label, is added to c_1."""
        first, *inner, last = masks
        weight = (self.first.weight * first.T.unsqueeze(1)).flatten(0, 1)
        sums = torch.addmm(self.bias, self.first.features(x).flatten(1), weight)
        units = torch.relu(sums if offset is None else sums + offset)
        for layer, mask in zip(self.between, inner, strict=True):
            units = torch.relu(F.linear(units, layer.weight * mask, layer.bias))
        weight = self.last.weight.unflatten(0, (self.dims, self.rank)) * last.unsqueeze(1)
        return F.linear(units, weight.flatten(0, 1)).unflatten(1, (self.dims, self.rank))


class UnitByUnit:
    """The same layers, each unit computed as soon as the places that it sees are known.

    Units are sorted by degree, so that those which a value completes lie side by side, and so do those that it, or
    they, go on to. All steps together then multiply what is left of the weights under their masks.
    """

    def __init__(
        self,
        layers: MaskedLayers,
        degrees: list[Int[Tensor, " _"]],
        offset: Float[Tensor, "batch units"] | None,
        batch_size: int,
    ):
        orders = [layer.argsort(stable=True) for layer in degrees]
        self.add = layers.first.add
        self.first = layers.first.weight[..., orders[0]]
        self.between = [
            layer.weight[above][:, below].T
            for layer, (below, above) in zip(layers.between, pairwise(orders), strict=True)
        ]
        self.last = layers.last.weight[:, orders[-1]].unflatten(0, (layers.dims, layers.rank))
        biases = [layers.bias, *(layer.bias for layer in layers.between)]
        self.sums = [bias[order].repeat(batch_size, 1) for bias, order in zip(biases, orders, strict=True)]
        if offset is not None:
            self.sums[0] += offset[:, orders[0]]
        self.units = torch.empty_like(self.sums[-1])  # of the last layer, as far as they are complete
        self.complete = [_counts(layer, layers.dims) for layer in degrees]

    def take(self, value: Int[Tensor, " batch"], place: int) -> None:
        """Takes in the value at a place, with those before it known."""
        later = slice(self.complete[0][place], None)
        self.add(self.sums[0][:, later], value, self.first[place, :, later])
        for layer, complete in enumerate(self.complete):
            new = slice(complete[place], complete[place + 1])
            if new.start == new.stop:
                continue
            units = torch.relu(self.sums[layer][:, new])
            if layer == len(self.between):
                self.units[:, new] = units
            else:
                above = slice(self.complete[layer + 1][place], None)
                self.sums[layer + 1][:, above] += units @ self.between[layer][new, above]

    def numbers(self, place: int) -> Float[Tensor, "batch rank"]:
        complete = self.complete[-1][place]
        return F.linear(self.units[:, :complete], self.last[place, :, :complete])


def _counts(degrees: Int[Tensor, " units"], dims: int) -> list[int]:
    """How many units have at most the degree 0, 1 … D."""
    return torch.bincount(degrees, minlength=dims + 1).cumsum(0).tolist()
