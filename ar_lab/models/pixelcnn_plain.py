"""The first PixelCNN: masked convolutions in residual blocks, with a blind spot (van den Oord et al., 2016a)."""

from ar_lab.layers.residual import ResidualStack
from ar_lab.layers.residual_steps import ResidualSteps
from ar_lab.models.pixel_network import PixelNetwork


class PlainPixelCNN(PixelNetwork):
    """Does not see what lies to the right above outside of a cone, as `receptive_field` says; the gated one does."""

    make_stacks, make_steps = ResidualStack, ResidualSteps
