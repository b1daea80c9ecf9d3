"""The residual layers of the first PixelCNN over a whole image; `residual_steps` goes through one pixel by pixel."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ar_lab.layers.gated import PRESENT
from ar_lab.layers.masked_convolution import CausalConvolution, Image, MaskedConvolution
from ar_lab.layers.pixels import ClassShift, Labels
from ar_lab.space import Space


class ResidualBlock(nn.Module):
    """h + U relu(W * relu(D relu(h))): 1x1 down to half, 3x3 of type B, 1x1 up (van den Oord et al., 2016a, figure 5).

    In a single row W sees the position itself and one to its left, `dilation` away.
    """

    def __init__(self, space: Space, features: int, dilation: int, dropout: float):
        super().__init__()
        half = features // 2
        self.down = nn.Linear(features, half)
        if space.image_shape[0] > 1:
            self.convolution = MaskedConvolution(half, half, range(-1, 1), range(-1, 2), last=0)
        else:
            self.convolution = CausalConvolution(half, half, PRESENT, range(-dilation, 1, dilation))
        self.label = ClassShift(space, half)
        self.dropout = nn.Dropout(dropout)
        self.up = nn.Linear(half, features)

    def reduced(self, h: Image) -> Float[Tensor, "batch height width half"]:
        """What enters the convolution."""
        return torch.relu(self.down(torch.relu(h)))

    def forward(self, h: Image, reduced: Float[Tensor, "batch height width half"], condition: Labels) -> Image:
        inner = torch.relu(self.label(self.convolution(reduced), condition))
        return h + self.up(self.dropout(inner))


class ResidualStack(nn.Module):
    """A masked convolution of type A, then residual blocks (van den Oord et al., 2016a, table 1).

    Its reach grows upwards in a cone: what lies to the right above, outside of it, is never seen, however many blocks
    there are (2016b, figure 1). In a single row nothing is hidden, and to see far the dilation doubles at every block.
    A vector adds learned places, for its columns have nothing in common.

    Raises:
        ValueError: for a kernel without a middle or nothing left of it, or too few features to halve.
    """

    def __init__(self, space: Space, inputs: int, features: int, layers: int, kernel: int, dropout: float):
        super().__init__()
        height, width, _ = space.image_shape
        if kernel % 2 == 0 or kernel < 3:
            raise ValueError(f"kernel={kernel}: the first convolution is centered on its pixel, so use 3, 5, 7, …")
        if features < 2:
            raise ValueError(f"features={features}: the blocks work at half of them, so use 2 or more")
        half = kernel // 2
        if height > 1:
            self.stem = MaskedConvolution(inputs, features, range(-half, 1), range(-half, half + 1), last=-1)
        else:
            self.stem = CausalConvolution(inputs, features, PRESENT, range(-half, 0))
        self.label = ClassShift(space, features)
        self.places = nn.Parameter(torch.zeros(width, features)) if space.kind == "vector" else None
        dilations = [1 if height > 1 else min(2**n, max(1, width // 2)) for n in range(layers)]
        self.blocks = nn.ModuleList(ResidualBlock(space, features, d, dropout) for d in dilations)

    def forward(self, inputs: Image, condition: Labels) -> Float[Tensor, "batch height width outputs"]:
        """The features of all pixels."""
        h = self.enter(self.stem(inputs), condition)
        for block in self.blocks:
            h = block(h, block.reduced(h), condition)
        return h

    def enter(
        self, stem: Float[Tensor, "batch *height width features"], condition: Labels
    ) -> Float[Tensor, "batch *height width features"]:
        stem = self.label(stem, condition)
        return stem if self.places is None else stem + self.places

    def activations(self, inputs: Image, condition: Labels) -> list[Float[Tensor, "batch height width half"]]:
        """What enters the convolution of every block; a pixel's depends on earlier pixels alone."""
        h, entered = self.enter(self.stem(inputs), condition), []
        for block in self.blocks:
            entered.append(block.reduced(h))
            h = block(h, entered[-1], condition)
        return entered

    def reach(self, height: int, width: int) -> Bool[Tensor, "pixels pixels"]:
        """Entry [a, b]: whether the features of pixel a depend on pixel b."""
        itself = torch.eye(height * width, dtype=torch.bool).unflatten(0, (height, width))
        h = self.stem.reach(itself)
        for block in self.blocks:
            h = h | block.convolution.reach(h)
        return h.flatten(0, 1)
