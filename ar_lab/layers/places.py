"""Passes over an image that share their code: over the whole of it, or on from what is known, a row or a pixel at once.

A convolution reads taps above and to the left from a buffer that holds its input with a margin of zeros. A whole pass
fills the buffer at once, a row or a pixel writes into it, so that what was computed before is never computed again.
"""

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

# Features of a place: of the whole (height, width), of a row (width), of a pixel ().
Here = Float[Tensor, "batch *place features"]
Output = Float[Tensor, "batch *there outputs"]


class ShiftedConvolution(nn.Module):
    """y[i, j] = bias + sum over offsets (r, c) of W_{r,c} x[s i + r, s j + c], with zeros outside and stride s.

    The ranges `rows` and `columns` hold the offsets, of which no row is below the present one (Salimans et al., 2017,
    section 2.5: shifting the input does what a mask does, at no waste).
    """

    def __init__(self, inputs: int, outputs: int, rows: range, columns: range, stride: int = 1):
        super().__init__()
        self.rows, self.columns, self.stride = rows, columns, stride
        kernel = nn.Conv2d(inputs, outputs, (len(rows), len(columns)))
        self.weight = nn.Parameter(kernel.weight.detach().contiguous(memory_format=torch.channels_last))
        self.bias = nn.Parameter(kernel.bias.detach())

    @property
    def margin(self) -> tuple[int, int, int]:
        """Zeros to the left, to the right and above."""
        return -self.columns[0], max(self.columns[-1], 0), -self.rows[0]

    def windows(
        self, padded: Float[Tensor, "batch rows columns features"], stride: tuple[int, int]
    ) -> Float[Tensor, "batch height width outputs"]:
        """The convolution of all windows of an input with its margin."""
        return F.conv2d(padded.permute(0, 3, 1, 2), self.weight, self.bias, stride).permute(0, 2, 3, 1)

    def window(self, padded: Float[Tensor, "batch rows columns features"]) -> Float[Tensor, "batch outputs"]:
        """The convolution of a single window."""
        return F.linear(padded.flatten(1), self.weight.permute(0, 2, 3, 1).flatten(1), self.bias)

    def reach(self, seen: Bool[Tensor, "height width sources"]) -> Bool[Tensor, "rows columns sources"]:
        """What each position of the output depends on, given what each position of the input does."""
        left, right, above = self.margin
        padded, (height, width, _) = F.pad(seen, (0, 0, left, right, above, 0)), seen.shape
        taps = [
            padded[r + above : r + above + height, c + left : c + left + width] for r in self.rows for c in self.columns
        ]
        return torch.stack(taps).any(0)[:: self.stride, :: self.stride]


@dataclass(frozen=True)
class Place:
    """The whole of an image, its row i, or its pixel (i, j), and what is remembered of the places before."""

    batch: int
    height: int
    width: int
    label: Int[Tensor, " batch"] | None = None
    i: int | None = None
    j: int | None = None
    memory: dict[int, Tensor] = field(default_factory=dict)  # by the identity of the module that it belongs to

    def row(self, i: int) -> "Place":
        return replace(self, i=i, j=None)

    def pixel(self, i: int, j: int) -> "Place":
        return replace(self, i=i, j=j)

    def halved(self) -> "Place":
        """The place that covers this one at half the resolution."""
        i, j = (None if k is None else k // 2 for k in (self.i, self.j))
        return replace(self, height=-(-self.height // 2), width=-(-self.width // 2), i=i, j=j)

    @property
    def starts_half(self) -> bool:
        """Whether a position of half the resolution begins here."""
        return not ((self.i or 0) % 2 or (self.j or 0) % 2)

    def spread(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch *ones features"]:
        """What is the same everywhere, to be added to features of this place."""
        return x[:, None, None] if self.i is None else x[:, None] if self.j is None else x

    def store(self, owner: nn.Module, x: Here):
        """Remembers features of this place."""
        if self.i is None:
            self.memory[id(owner)] = x
            return
        if id(owner) not in self.memory:
            self.memory[id(owner)] = x.new_zeros(self.batch, self.height, self.width, x.shape[-1])
        self.memory[id(owner)][self._index()] = x

    def load(self, owner: nn.Module) -> Here:
        """The features remembered of this place."""
        return self.part(self.memory[id(owner)])

    def part(self, x: Float[Tensor, "batch height width features"]) -> Here:
        """What this place has of a whole image."""
        return x[self._index()]

    def write(self, convolution: ShiftedConvolution, x: Here):
        """Lets a convolution know its input at this place."""
        left, right, above = convolution.margin
        if self.i is None:
            self.memory[id(convolution)] = F.pad(x, (0, 0, left, right, above, 0))
            return
        buffer = self._buffer(convolution)
        columns = slice(left, left + self.width) if self.j is None else self.j + left
        buffer[:, self.i + above, columns] = x

    def read(self, convolution: ShiftedConvolution) -> Output:
        """A convolution's output at this place; with a stride, at the place that covers it."""
        buffer, (rows, columns) = self._buffer(convolution), convolution.weight.shape[2:]
        if self.i is None:
            # The input's last rows and columns are out of reach of taps that end before the present one.
            height, width = self.height + rows - 1, self.width + columns - 1
            return convolution.windows(buffer[:, :height, :width], (convolution.stride,) * 2)
        seen = buffer[:, self.i : self.i + rows]
        if self.j is None:
            return convolution.windows(seen[:, :, : self.width + columns - 1], (1, convolution.stride)).squeeze(1)
        return convolution.window(seen[:, :, self.j : self.j + columns])

    def written(self, convolution: ShiftedConvolution) -> Float[Tensor, "batch height width inputs"]:
        """What a convolution knows of the whole image; zeros where nothing was written."""
        left, _, above = convolution.margin
        return self._buffer(convolution)[:, above:, left : left + self.width]

    def convolve(self, convolution: ShiftedConvolution, x: Here) -> Output:
        self.write(convolution, x)
        return self.read(convolution)

    def _buffer(self, convolution: ShiftedConvolution) -> Tensor:
        if id(convolution) not in self.memory:
            left, right, above = convolution.margin
            shape = (self.batch, above + self.height, left + self.width + right, convolution.weight.shape[1])
            self.memory[id(convolution)] = convolution.weight.new_zeros(shape)
        return self.memory[id(convolution)]

    def _index(self) -> tuple:
        return (slice(None), slice(None) if self.i is None else self.i, slice(None) if self.j is None else self.j)
