"""PixelSNAIL: blocks of gated causal convolutions with attention between them (Chen et al., 2018)."""

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from ar_lab.layers.gated_residual import GatedResidual
from ar_lab.layers.pixel_attention import PixelAttention
from ar_lab.layers.places import Here, Place
from ar_lab.models.image_network import ImageNetwork, keep_variance
from ar_lab.space import Space


class Block(nn.Module):
    """Gated layers over the pixels above and to the left, then one that takes in what attention finds before."""

    def __init__(self, space: Space, inputs: int, features: int, layers: int, attention: int, dropout: float):
        super().__init__()
        height, width, _ = space.image_shape
        self.layers = nn.ModuleList(
            GatedResidual(space, features, 0, range(-1, 1), range(-1, 1), dropout) for _ in range(layers)
        )
        self.attention = PixelAttention(height, width, inputs, features, attention)
        self.merge = GatedResidual(space, features, attention, range(1), range(1), dropout)

    def forward(self, x: Here, inputs: Tensor, at: Place) -> Here:
        for layer in self.layers:
            x = layer(x, None, at)
        return self.merge(x, self.attention(x, inputs, at), at)


class PixelSNAIL(ImageNetwork):
    """Convolutions for what is near, attention for all that came before: no pixel before is out of sight.

    Beside the paper's: keys, values and queries are linear in what they are made of, values are as wide as keys, and
    weights have no normalization of their own.
    """

    def __init__(
        self,
        space: Space,
        outputs: int,
        features: int = 32,
        blocks: int = 2,
        layers: int = 2,
        attention: int = 16,
        dropout: float = 0.0,
        mixture: int | None = None,
    ):
        super().__init__(space, outputs, features, dropout, mixture, vertical=False)
        inputs = self.pixels.features
        self.blocks = nn.ModuleList(Block(space, inputs, features, layers, attention, dropout) for _ in range(blocks))
        self.apply(keep_variance)

    def look_above(self, at: Place):
        """Nothing is made of a row before its pixels are."""

    def look(self, at: Place) -> Here:
        x = self.stem("horizontal", at)
        for block in self.blocks:
            x = block(x, self.stem.inputs(at), at)
        return x

    def reach(self, itself: Bool[Tensor, "height width pixels"]) -> Bool[Tensor, "height width pixels"]:
        pixels = itself.shape[-1]
        return torch.ones(pixels, pixels, dtype=torch.bool).tril(-1).view_as(itself)
