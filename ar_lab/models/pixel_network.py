"""What PixelCNNs share: layers make the features of every pixel, a head the parameters of its channels."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from ar_lab.layers.masked_convolution import CausalConvolution
from ar_lab.layers.pixel_steps import PixelSteps
from ar_lab.layers.pixels import ChannelHead, ChannelSteps, PixelInput
from ar_lab.models.network import Condition, check_condition, check_turn
from ar_lab.models.raster_network import RasterNetwork
from ar_lab.space import Space


@dataclass
class PixelState:
    values: Shaped[Tensor, "batch dims"]  # those known from the start or by `extend`, then zeros
    condition: Condition | None
    position: int = 0  # dimensions known
    asked: bool = False  # whether the conditional at `position` was given out
    layers: PixelSteps | None = None  # made at the first step, and overwritten by every other
    channels: ChannelSteps | None = None  # of the present pixel


class PixelNetwork(RasterNetwork):
    """A stack of layers over the pixels before; a sequence or vector is an image of height 1.

    Steps carry no gradient, in the precision of the weights.

    Raises:
        ValueError: for sizes that `stacks` refuses, and by `extend` or `step` beyond the space's dimensions.
    """

    make_stacks: type[nn.Module]  # map what enters, and the labels, to features of every pixel, and say their `reach`
    make_steps: type[PixelSteps]  # go through them from a pixel on

    def __init__(
        self,
        space: Space,
        outputs: int,
        features: int = 32,
        layers: int = 5,
        kernel: int = 7,
        dropout: float = 0.0,
    ):
        super().__init__(space, outputs)
        self.pixels = PixelInput(space, features)
        self.stacks = self.make_stacks(space, self.pixels.features, features, layers, kernel, dropout)
        self.head = ChannelHead(space.image_shape[2], features, outputs, dropout)
        self.apply(_keep_variance)

    def start(self, batch_size: int, condition: Condition | None = None) -> PixelState:
        check_condition(self.space, condition)
        return PixelState(self.pixels.blank(batch_size, self.space.dims), condition)

    def extend(
        self, x: Shaped[Tensor, "batch time"], state: PixelState
    ) -> tuple[Float[Tensor, "batch time outputs"], PixelState]:
        values, new = self._extended(x, state)
        image = self._image(values)
        features = self.stacks(self.pixels(image), state.condition)
        params = self.head(features, self.pixels.numbers(image)).flatten(1, 3)
        return params[:, new], PixelState(values, state.condition, new.stop)

    @torch.no_grad()
    def step(
        self, previous: Shaped[Tensor, " batch"] | None, state: PixelState
    ) -> tuple[Float[Tensor, "batch outputs"], PixelState]:
        check_turn(state.asked, given=previous is not None)
        # Steps write into tensors of the parameters' precision, which autocast would mix with its own.
        with torch.autocast(state.values.device.type, enabled=False):
            if previous is not None:
                self._take(previous, state)
            pixel, c = self._place(state.position)
            if state.layers is None:
                self._unroll(state, pixel)
            elif c == 0:
                state.channels.begin(state.layers.features())
            state.asked = True
            return state.channels.params(c), state

    def pixels_reached(self) -> Bool[Tensor, "pixels pixels"]:
        height, width, _ = self.space.image_shape
        return self.stacks.reach(height, width)

    def _unroll(self, state: PixelState, pixel: int):
        """Gets ready for steps from this pixel on, some of whose channels may be known."""
        image = self._image(state.values)
        state.layers = self.make_steps(self.stacks, self.pixels(image), state.condition, pixel)
        state.channels = ChannelSteps(self.pixels, self.head, image.flatten(1, 2)[:, pixel])
        state.channels.begin(state.layers.features())

    def _take(self, previous: Tensor, state: PixelState):
        """Takes in the value at the state's position; a pixel enters the layers when its channels are complete."""
        _, c = self._place(state.position)
        state.position += 1
        state.channels.take(previous, c)
        if c + 1 == self.space.image_shape[2]:
            state.layers.take(state.channels.inputs(previous))


def _keep_variance(module: nn.Module):
    """Weights of variance 1 / inputs (LeCun et al., 1998, section 4.6), where torch's default has a third of it."""
    if isinstance(module, CausalConvolution | nn.Linear):
        nn.init.kaiming_uniform_(module.weight, a=1.0)
