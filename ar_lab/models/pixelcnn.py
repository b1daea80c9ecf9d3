"""Gated PixelCNN: masked convolutions in two stacks that leave no blind spot (van den Oord et al., 2016b)."""

from ar_lab.layers.masked_convolution import Image
from ar_lab.layers.pixels import PixelInput
from ar_lab.layers.stacks import TwoStacks
from ar_lab.layers.stacks_steps import StacksSteps
from ar_lab.models.network import Condition
from ar_lab.models.pixel_network import PixelNetwork
from ar_lab.space import Space


class PixelCNN(PixelNetwork):
    """Sees all pixels before, as far as its `kernel` and `layers` reach; a label enters the stem and every gate."""

    def __init__(
        self,
        space: Space,
        outputs: int,
        features: int = 32,
        layers: int = 5,
        kernel: int = 7,
        dropout: float = 0.0,
    ):
        pixels = PixelInput(space, features)
        stacks = TwoStacks(space, pixels.features, features, layers, kernel, dropout)
        super().__init__(space, outputs, pixels, stacks, features, dropout)

    def unroll(self, inputs: Image, condition: Condition | None, pixel: int) -> StacksSteps:
        return StacksSteps(self.stacks, inputs, condition, pixel)
