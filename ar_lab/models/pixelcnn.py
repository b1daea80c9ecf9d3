"""Gated PixelCNN: masked convolutions in two stacks that leave no blind spot (van den Oord et al., 2016b)."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from ar_lab.layers.masked_convolution import CausalConvolution
from ar_lab.layers.pixels import ChannelHead, PixelInput
from ar_lab.layers.stacks import Activations, TwoStacks
from ar_lab.models.network import Condition, Network, check_condition, check_turn
from ar_lab.space import Space


@dataclass
class PixelCNNState:
    values: Shaped[Tensor, "batch dims"]  # the known ones, then zeros; filled in place
    position: int = 0  # dimensions known
    asked: bool = False  # whether the conditional at `position` was given out
    activations: Activations | None = None  # right at all pixels up to the present one; filled in place


class PixelCNN(Network):
    """Features of a pixel from strictly earlier pixels; parameters of a channel from them and the channels before it.

    A sequence or vector is an image of height 1.

    Raises:
        ValueError: for sizes that `TwoStacks` refuses, and by `extend` or `step` beyond the space's dimensions.
    """

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
        self.stacks = TwoStacks(space, self.pixels.features, features, layers, kernel, dropout)
        self.head = ChannelHead(space.image_shape[2], features, outputs, dropout)
        self.apply(_keep_variance)

    def start(self, batch_size: int, condition: Condition | None = None) -> PixelCNNState:
        check_condition(self.space, condition)
        return PixelCNNState(self.pixels.blank(batch_size, self.space.dims))

    def extend(
        self, x: Shaped[Tensor, "batch time"], state: PixelCNNState
    ) -> tuple[Float[Tensor, "batch time outputs"], PixelCNNState]:
        check_turn(state.asked, given=False)
        end = state.position + x.shape[1]
        values, new = state.values.clone(), self.space.span(state.position, end)
        values[:, new] = x
        image = self._image(values)
        activations = self.stacks(self.pixels(image))
        params = self.head(activations.horizontal[-1], self.pixels.numbers(image)).flatten(1, 3)
        return params[:, new], PixelCNNState(values, end, activations=activations)

    def step(
        self, previous: Shaped[Tensor, " batch"] | None, state: PixelCNNState
    ) -> tuple[Float[Tensor, "batch outputs"], PixelCNNState]:
        check_turn(state.asked, given=previous is not None)
        if previous is not None:
            self._take(previous, state)
        i, j, c = self._place(state.position)
        if c == 0:
            self._advance(state, i, j)
        state.asked = True
        numbers = self.pixels.numbers(self._image(state.values)[:, i, j])
        return self.head.channel(state.activations.horizontal[-1][:, i, j], numbers, c), state

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """Every channel of the pixels that the stacks reach, and the channels before in the pixel itself."""
        height, width, channels = self.space.image_shape
        same_pixel = torch.eye(height * width, dtype=torch.bool)
        every = torch.ones(channels, channels, dtype=torch.bool)
        return torch.kron(self.stacks.reach(height, width), every) | torch.kron(same_pixel, every.tril(-1))

    def _take(self, previous: Tensor, state: PixelCNNState):
        """Writes down the value at the state's position; a pixel enters the stacks when its channels are complete."""
        i, j, c = self._place(state.position)
        state.values[:, state.position] = previous
        state.position += 1
        if c + 1 == self.space.image_shape[2]:
            state.activations.inputs[:, i, j] = self.pixels(self._image(state.values)[:, i, j])

    def _advance(self, state: PixelCNNState, i: int, j: int):
        """Brings the stacks to pixel (i, j)."""
        if state.activations is None:
            state.activations = self.stacks.blank(self.pixels(self._image(state.values)))
        if j == 0 and state.activations.vertical:
            self.stacks.advance_row(state.activations, i)
        self.stacks.advance_pixel(state.activations, i, j)

    def _place(self, position: int) -> tuple[int, int, int]:
        """Row, column and channel of a dimension."""
        _, width, channels = self.space.image_shape
        pixel, c = divmod(self.space.span(position, position + 1).start, channels)
        return *divmod(pixel, width), c

    def _image(self, values: Shaped[Tensor, "batch dims"]) -> Shaped[Tensor, "batch height width channels"]:
        return values.unflatten(1, self.space.image_shape)


def _keep_variance(module: nn.Module):
    """Weights of variance 1 / inputs (LeCun et al., 1998, section 4.6), where torch's default has a third of it."""
    if isinstance(module, CausalConvolution | nn.Linear):
        nn.init.kaiming_uniform_(module.weight, a=1.0)
