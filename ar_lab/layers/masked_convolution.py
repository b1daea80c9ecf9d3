"""Causal convolutions over images: the taps that would see the present or the future are not there.

Images are `(batch, height, width, features)` here: the layout in which convolutions are fast and rows are slices.
"""

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

    def pixel(self, x: Image, i: int, j: int) -> Float[Tensor, "batch outputs"]:
        """Position (i, j) of a convolution along the row."""
        outside = x.new_zeros(x.shape[0], x.shape[3])
        taps = [x[:, i, j + c] if j + c >= 0 else outside for c in self.columns]
        return F.linear(torch.cat(taps, dim=-1), self.weight.permute(0, 2, 3, 1).flatten(1), self.bias)

    def reach(self, seen: Bool[Tensor, "height width sources"]) -> Bool[Tensor, "height width sources"]:
        """What each position of the output depends on, given what each position of the input does."""
        height, width, _ = seen.shape
        reached = torch.zeros_like(seen)
        for r in self.rows:
            for c in self.columns:
                shifted = F.pad(seen, (0, 0, max(-c, 0), max(c, 0), -r, 0))
                reached |= shifted[:height, max(c, 0) : max(c, 0) + width]
        return reached

    def _convolve(self, x: Image, above: int, below: int) -> Tensor:
        padding = (-self.columns[0], self.columns[-1], above, below)  # a negative one crops
        padded = F.pad(x.permute(0, 3, 1, 2), padding)
        dilation = (self.rows.step, self.columns.step)
        return F.conv2d(padded, self.weight, self.bias, dilation=dilation).permute(0, 2, 3, 1)
