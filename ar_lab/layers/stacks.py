"""The two stacks of a gated PixelCNN over a whole image; `stacks_steps` goes through one pixel by pixel."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ar_lab.layers.gated import PRESENT, HorizontalLayer, VerticalLayer
from ar_lab.layers.masked_convolution import CausalConvolution, Image
from ar_lab.layers.pixels import ClassShift, Labels
from ar_lab.space import Space


class Activations(NamedTuple):
    """What the stacks made of an image, at the stem and after every layer; a pixel's depend on earlier pixels alone."""

    vertical: list[Float[Tensor, "batch height width above"]]  # empty for a single row
    horizontal: list[Image]


class TwoStacks(nn.Module):
    """A stem of masked convolutions (type A: not the pixel itself), then gated layers (type B) with residual paths.

    The vertical stack sees the rows above at half the features, for it takes most of the time; the horizontal one sees
    what is to the left in the row, and the vertical one at every layer. A single row has no vertical stack; to see far,
    its dilation doubles at every layer instead (van den Oord et al., 2016, WaveNet, section 2.1). Images and vectors
    add a learned map of places to the horizontal stem.

    Raises:
        ValueError: for a kernel without a middle or nothing left of it, and for sizes that would leave the rows above
            unseen: the horizontal stack looks up from the second layer on, at half the features.
    """

    def __init__(self, space: Space, inputs: int, features: int, layers: int, kernel: int, dropout: float):
        super().__init__()
        height, width, _ = space.image_shape
        if kernel % 2 == 0 or kernel < 3:
            raise ValueError(f"kernel={kernel}: the first convolution is centered on its pixel, so use 3, 5, 7, …")
        if height > 1 and min(layers, features) < 2:
            raise ValueError(f"layers={layers}, features={features}: rows above are seen with 2 or more of both")
        half, above = kernel // 2, features // 2 if height > 1 else 0
        self.left = CausalConvolution(inputs, features, PRESENT, range(-half, 0))
        self.places = nn.Parameter(torch.zeros(height, width, features)) if space.kind != "sequence" else None
        self.above = CausalConvolution(inputs, above, range(-half, 0), range(-half, half + 1)) if above else None
        self.verticals = nn.ModuleList(VerticalLayer(space, above) for _ in range(layers - 1 if above else 0))
        dilations = [1 if above else min(2**n, max(1, width // 2)) for n in range(layers - 1)]
        self.horizontals = nn.ModuleList(HorizontalLayer(space, features, above, d, dropout) for d in dilations)
        self.label = ClassShift(space, features)

    def forward(self, inputs: Image, condition: Labels) -> Float[Tensor, "batch height width outputs"]:
        """The features of all pixels."""
        return self.activations(inputs, condition).horizontal[-1]

    def activations(self, inputs: Image, condition: Labels) -> Activations:
        vertical = [self.above(inputs)] if self.above is not None else []
        for layer in self.verticals:
            vertical.append(layer(vertical[-1], condition))
        stem = self.label(self.left(inputs), condition)
        horizontal = [stem if self.places is None else stem + self.places]
        for n, layer in enumerate(self.horizontals):
            horizontal.append(layer(horizontal[-1], vertical[n + 1] if vertical else None, condition))
        return Activations(vertical, horizontal)

    def reach(self, height: int, width: int) -> Bool[Tensor, "pixels pixels"]:
        """Entry [a, b]: whether the features of pixel a depend on pixel b."""
        itself = torch.eye(height * width, dtype=torch.bool).unflatten(0, (height, width))
        v = self.above.reach(itself) if self.above is not None else torch.zeros_like(itself)
        h = self.left.reach(itself)
        for n, layer in enumerate(self.horizontals):
            v = v | self.verticals[n].convolution.reach(v) if self.verticals else v
            h = h | layer.convolution.reach(h) | v
        return h.flatten(0, 1)
