"""The first PixelCNN: masked convolutions in residual blocks, with a blind spot (van den Oord et al., 2016a)."""

from ar_lab.layers.masked_convolution import Image
from ar_lab.layers.pixels import PixelInput
from ar_lab.layers.residual import ResidualStack
from ar_lab.layers.residual_steps import ResidualSteps
from ar_lab.models.network import Condition
from ar_lab.models.pixel_network import PixelNetwork
from ar_lab.space import Space


class PlainPixelCNN(PixelNetwork):
    """Does not see what lies to the right above outside of a cone, as `receptive_field` says; the gated one does."""

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
        stacks = ResidualStack(space, pixels.features, features, layers, kernel, dropout)
        super().__init__(space, outputs, pixels, stacks, features, dropout)

    def unroll(self, inputs: Image, condition: Condition | None, pixel: int) -> ResidualSteps:
        return ResidualSteps(self.stacks, inputs, condition, pixel)
