"""Gated PixelCNN: masked convolutions in two stacks that leave no blind spot (van den Oord et al., 2016b)."""

from ar_lab.layers.stacks import TwoStacks
from ar_lab.layers.stacks_steps import StacksSteps
from ar_lab.models.pixel_network import PixelNetwork


class PixelCNN(PixelNetwork):
    """Sees all pixels before, as far as its `kernel` and `layers` reach; a label enters the stem and every gate."""

    make_stacks, make_steps = TwoStacks, StacksSteps
