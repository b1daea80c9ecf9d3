"""PixelCNN++: two streams of gated residual layers through several resolutions (Salimans et al., 2017)."""

import torch
from jaxtyping import Bool
from torch import Tensor

from ar_lab.layers.places import Here, Place
from ar_lab.layers.resolutions import Resolution
from ar_lab.models.image_network import ImageNetwork, keep_variance
from ar_lab.space import Space


class PixelCNNPP(ImageNetwork):
    """An hourglass of `resolutions`, each half the one before, as far as an image has 3 pixels a side to halve.

    Beside the paper's: features are doubled in resolution by transposed convolutions of 2 x 2 taps in both streams, and
    weights have no normalization of their own.
    """

    def __init__(
        self,
        space: Space,
        outputs: int,
        features: int = 16,
        layers: int = 1,
        resolutions: int = 3,
        dropout: float = 0.0,
        mixture: int | None = None,
    ):
        super().__init__(space, outputs, features, dropout, mixture, vertical=True)
        halvings = max(0, (min(space.image_shape[:2]) - 1).bit_length() - 1)  # until a side has 2 pixels
        self.body = Resolution(space, features, layers, min(resolutions, 1 + halvings), dropout)
        self.apply(keep_variance)

    def look_above(self, at: Place):
        self.body("vertical", self.stem("vertical", at), at)

    def look(self, at: Place) -> Here:
        return self.body("horizontal", self.stem("horizontal", at), at)

    def reach(self, itself: Bool[Tensor, "height width pixels"]) -> Bool[Tensor, "height width pixels"]:
        above: dict[torch.nn.Module, Tensor] = {}
        self.body.reach("vertical", self.stem.reach("vertical", itself), above)
        return self.body.reach("horizontal", self.stem.reach("horizontal", itself), above)
