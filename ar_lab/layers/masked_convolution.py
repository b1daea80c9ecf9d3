"""Causal convolutions over images: the taps that would see the present or the future are not there.

Images are `(batch, height, width, features)` here: the layout in which convolutions are fast and rows are slices.
"""

from itertools import product

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

Image = Float[Tensor, "batch height width features"]


class CausalConvolution(nn.Module):
    """y[i, j] = bias + sum over offsets (r, c) of W_{r,c} x[i + r, j + c], with zeros outside of the image.

    A kernel cropped to its causal taps is a masked convolution (van den Oord et al., 2016a, section 3.4) that spends no
    time on zeros. The ranges `rows` and `columns` hold the offsets; none of the rows is below the present one.
    """

    def __init__(self, inputs: int, outputs: int, rows: range, columns: range):
        super().__init__()
        self.rows, self.columns = rows, columns
        kernel = nn.Conv2d(inputs, outputs, (len(rows), len(columns)))
        self.weight = nn.Parameter(kernel.weight.detach().contiguous(memory_format=torch.channels_last))
        self.bias = nn.Parameter(kernel.bias.detach())

    def forward(self, x: Image) -> Float[Tensor, "batch height width outputs"]:
        """All positions at once."""
        return self._convolve(x, above=-self.rows[0], below=self.rows[-1])

    def row(self, x: Image, i: int) -> Float[Tensor, "batch width outputs"]:
        """Row i alone."""
        first, last = i + self.rows[0], i + self.rows[-1]
        # Row 0 stands in for rows above the image and is cropped again by the negative padding that places it.
        seen = x[:, max(first, 0) : max(last, 0) + 1]
        above = max(-first, 0)
        return self._convolve(seen, above, below=len(self.rows) - above - seen.shape[1]).squeeze(1)

    def reach(self, seen: Bool[Tensor, "height width sources"]) -> Bool[Tensor, "height width sources"]:
        """What each position of the output depends on, given what each position of the input does."""
        height, width, _ = seen.shape
        reached = torch.zeros_like(seen)
        for r, c in self._offsets():
            shifted = F.pad(seen, (0, 0, max(-c, 0), max(c, 0), -r, 0))
            reached |= shifted[:height, max(c, 0) : max(c, 0) + width]
        return reached

    def _offsets(self) -> list[tuple[int, int]]:
        return list(product(self.rows, self.columns))

    def _kernel(self) -> Tensor:
        return self.weight

    def _convolve(self, x: Image, above: int, below: int) -> Tensor:
        padding = (-self.columns[0], self.columns[-1], above, below)  # a negative one crops
        padded = F.pad(x.permute(0, 3, 1, 2), padding)
        dilation = (self.rows.step, self.columns.step)
        return F.conv2d(padded, self._kernel(), self.bias, dilation=dilation).permute(0, 2, 3, 1)


class MaskedConvolution(CausalConvolution):
    """One whose present row ends at the column offset `last`: -1 is a mask of type A, 0 of type B (2016a, figure 2).

    The taps behind it are multiplied by zero: cheaper than a convolution apart for the present row.
    """

    def __init__(self, inputs: int, outputs: int, rows: range, columns: range, last: int):
        super().__init__(inputs, outputs, rows, columns)
        self.last = last
        seen = torch.tensor([[(r, c) in self._offsets() for c in columns] for r in rows])
        self.register_buffer("mask", seen.to(self.weight.dtype), persistent=False)

    def _offsets(self) -> list[tuple[int, int]]:
        return [(r, c) for r, c in super()._offsets() if r < 0 or c <= self.last]

    def _kernel(self) -> Tensor:
        return self.weight * self.mask
