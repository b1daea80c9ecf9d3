"""The two streams of PixelCNN++ through an hourglass of resolutions (Salimans et al., 2017, sections 2.3 and 2.4)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.gated_residual import GatedResidual, Reach
from ar_lab.layers.places import Here, Place, ShiftedConvolution
from ar_lab.layers.stem import Stream
from ar_lab.space import Space

ROWS = range(-1, 1)  # the row above and the present one
COLUMNS: dict[Stream, range] = {"vertical": range(-1, 2), "horizontal": range(-1, 1)}


class Layer(nn.ModuleDict):
    """One gated layer of each stream, joined by a short-cut from the layers before the narrow part, if there is one."""

    def __init__(self, space: Space, features: int, shortcut: bool, dropout: float):
        super().__init__()
        width = features if shortcut else 0
        self["vertical"] = GatedResidual(space, features, width, ROWS, COLUMNS["vertical"], dropout)
        self["horizontal"] = GatedResidual(space, features, features + width, ROWS, COLUMNS["horizontal"], dropout)

    def forward(self, stream: Stream, x: Here, shortcut: Here | None, at: Place) -> Here:
        if stream == "vertical":
            x = self["vertical"](x, shortcut, at)
            at.store(self, x)
            return x
        above = at.load(self)
        return self["horizontal"](x, above if shortcut is None else torch.cat([above, shortcut], dim=-1), at)

    def reach(self, stream: Stream, seen: Reach, shortcut: Reach, above: dict[nn.Module, Tensor]) -> Reach:
        if stream == "vertical":
            above[self] = self["vertical"].reach(seen, shortcut)
            return above[self]
        return self["horizontal"].reach(seen, above[self] | shortcut)


class Doubling(nn.Module):
    """Twice the resolution, by a transposed convolution of 2 x 2 taps and stride 2."""

    def __init__(self, features: int):
        super().__init__()
        self.taps = nn.Linear(features, 4 * features)

    def forward(self, at: Place) -> Float[Tensor, "batch *place features"]:
        """Features of this place from those stored of the place that covers it."""
        x = at.halved().load(self)
        weight, bias = (part.unflatten(0, (2, 2, -1)) for part in (self.taps.weight, self.taps.bias))
        if at.i is None:
            doubled = self.taps(x).unflatten(-1, (2, 2, -1)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
            return doubled[:, : at.height, : at.width]
        row, bias = weight[at.i % 2], bias[at.i % 2]
        if at.j is None:
            both = F.linear(x, row.flatten(0, 1), bias.flatten())
            return both.unflatten(-1, (2, -1)).flatten(1, 2)[:, : at.width]
        return F.linear(x, row[at.j % 2], bias[at.j % 2])

    def reach(self, seen: Reach, height: int, width: int) -> Bool[Tensor, "doubled_height doubled_width sources"]:
        return seen.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1)[:height, :width]


class Resolution(nn.Module):
    """`layers` layers, then all that happens at lower resolutions, then layers with short-cuts from the former.

    A position of half the resolution sees what the first of its four sees, so that it may be looked at by all four.
    """

    def __init__(self, space: Space, features: int, layers: int, resolutions: int, dropout: float):
        super().__init__()
        lowest = resolutions == 1
        self.before = nn.ModuleList(Layer(space, features, False, dropout) for _ in range(layers))
        self.halving = nn.ModuleDict() if lowest else nn.ModuleDict(_halving(features))
        self.within = None if lowest else Resolution(space, features, layers, resolutions - 1, dropout)
        self.doubling = nn.ModuleDict({} if lowest else {stream: Doubling(features) for stream in COLUMNS})
        after = layers if lowest else layers + 1
        self.after = nn.ModuleList(Layer(space, features, True, dropout) for _ in range(after))

    def forward(self, stream: Stream, x: Here, at: Place) -> Here:
        shortcuts = [x]
        for layer in self.before:
            shortcuts.append(layer(stream, shortcuts[-1], None, at))
        x = shortcuts.pop() if self.within is None else self._halved(stream, shortcuts[-1], at)
        for layer in self.after:
            x = layer(stream, x, shortcuts.pop(), at)
        return x

    def _halved(self, stream: Stream, x: Here, at: Place) -> Here:
        at.write(self.halving[stream], x)
        if at.starts_half:
            half = at.halved()
            half.store(self.doubling[stream], self.within(stream, at.read(self.halving[stream]), half))
        return self.doubling[stream](at)

    def reach(self, stream: Stream, seen: Reach, above: dict[nn.Module, Tensor]) -> Reach:
        """What each position depends on; `above` is filled by the vertical stream for the horizontal one."""
        nothing, shortcuts = torch.zeros_like(seen), [seen]
        for layer in self.before:
            shortcuts.append(layer.reach(stream, shortcuts[-1], nothing, above))
        if self.within is None:
            seen = shortcuts.pop()
        else:
            half = self.within.reach(stream, self.halving[stream].reach(shortcuts[-1]), above)
            seen = self.doubling[stream].reach(half, *seen.shape[:2])
        for layer in self.after:
            seen = layer.reach(stream, seen, shortcuts.pop(), above)
        return seen


def _halving(features: int) -> dict[str, nn.Module]:
    return {
        stream: ShiftedConvolution(features, features, ROWS, columns, stride=2) for stream, columns in COLUMNS.items()
    }
