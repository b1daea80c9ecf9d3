"""What PixelCNNs share: layers make the features of every pixel, a head the parameters of its channels."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from ar_lab.layers.masked_convolution import CausalConvolution, Image
from ar_lab.layers.pixel_steps import PixelSteps
from ar_lab.layers.pixels import ChannelHead, ChannelSteps, PixelInput
from ar_lab.models.network import Condition, Network, check_condition, check_turn
from ar_lab.space import Space


@dataclass
class PixelState:
    values: Shaped[Tensor, "batch dims"]  # those known from the start or by `extend`, then zeros
    condition: Condition | None
    position: int = 0  # dimensions known
    asked: bool = False  # whether the conditional at `position` was given out
    layers: PixelSteps | None = None  # made at the first step, and overwritten by every other
    channels: ChannelSteps | None = None  # of the present pixel


class PixelNetwork(Network):
    """Features of a pixel from strictly earlier pixels; parameters of a channel from them and the channels before it.

    A sequence or vector is an image of height 1. Steps carry no gradient, in the precision of the weights.

    Raises:
        ValueError: for sizes that `stacks` refuses, and by `extend` or `step` beyond the space's dimensions.
    """

    def __init__(
        self, space: Space, outputs: int, pixels: PixelInput, stacks: nn.Module, features: int, dropout: float
    ):
        """`stacks` maps what enters, and the labels, to `features` of every pixel, and says what these `reach`."""
        super().__init__(space, outputs)
        self.pixels = pixels
        self.stacks = stacks
        self.head = ChannelHead(space.image_shape[2], features, outputs, dropout)
        self.apply(_keep_variance)

    @abstractmethod
    def unroll(self, inputs: Image, condition: Condition | None, pixel: int) -> PixelSteps:
        """Steps through the layers that go on from the first `pixel` pixels of an image."""

    def start(self, batch_size: int, condition: Condition | None = None) -> PixelState:
        check_condition(self.space, condition)
        return PixelState(self.pixels.blank(batch_size, self.space.dims), condition)

    def extend(
        self, x: Shaped[Tensor, "batch time"], state: PixelState
    ) -> tuple[Float[Tensor, "batch time outputs"], PixelState]:
        check_turn(state.asked, given=False)
        end = state.position + x.shape[1]
        values, new = state.values.clone(), self.space.span(state.position, end)
        values[:, new] = x
        image = self._image(values)
        features = self.stacks(self.pixels(image), state.condition)
        params = self.head(features, self.pixels.numbers(image)).flatten(1, 3)
        return params[:, new], PixelState(values, state.condition, end)

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

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """Every channel of the pixels that the layers reach, and the channels before in the pixel itself."""
        height, width, channels = self.space.image_shape
        same_pixel = torch.eye(height * width, dtype=torch.bool)
        every = torch.ones(channels, channels, dtype=torch.bool)
        return torch.kron(self.stacks.reach(height, width), every) | torch.kron(same_pixel, every.tril(-1))

    def _unroll(self, state: PixelState, pixel: int):
        """Gets ready for steps from this pixel on, some of whose channels may be known."""
        image = self._image(state.values)
        state.layers = self.unroll(self.pixels(image), state.condition, pixel)
        state.channels = ChannelSteps(self.pixels, self.head, image.flatten(1, 2)[:, pixel])
        state.channels.begin(state.layers.features())

    def _take(self, previous: Tensor, state: PixelState):
        """Takes in the value at the state's position; a pixel enters the layers when its channels are complete."""
        _, c = self._place(state.position)
        state.position += 1
        state.channels.take(previous, c)
        if c + 1 == self.space.image_shape[2]:
            state.layers.take(state.channels.inputs(previous))

    def _place(self, position: int) -> tuple[int, int]:
        """Pixel, counted in raster order, and channel of a dimension."""
        return divmod(self.space.span(position, position + 1).start, self.space.image_shape[2])

    def _image(self, values: Shaped[Tensor, "batch dims"]) -> Shaped[Tensor, "batch height width channels"]:
        return values.unflatten(1, self.space.image_shape)


def _keep_variance(module: nn.Module):
    """Weights of variance 1 / inputs (LeCun et al., 1998, section 4.6), where torch's default has a third of it."""
    if isinstance(module, CausalConvolution | nn.Linear):
        nn.init.kaiming_uniform_(module.weight, a=1.0)
