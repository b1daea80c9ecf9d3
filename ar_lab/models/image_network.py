"""What networks over images share that go on from what they remember, row by row and pixel by pixel."""

from abc import abstractmethod
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from ar_lab.layers.mixture_head import SharedMixtureHead
from ar_lab.layers.pixels import ChannelHead, PixelInput
from ar_lab.layers.places import Here, Place, ShiftedConvolution
from ar_lab.layers.stem import Stem
from ar_lab.models.network import Condition, check_condition, check_turn
from ar_lab.models.raster_network import RasterNetwork
from ar_lab.space import Space


@dataclass
class ImageState:
    values: Shaped[Tensor, "batch dims"]  # the known ones, then zeros; filled in place
    place: Place  # its memory is right at all pixels up to the present one
    position: int = 0  # dimensions known
    asked: bool = False  # whether the conditional at `position` was given out


class ImageNetwork(RasterNetwork):
    """Looks at one place after another, given what it remembers of those before.

    With `mixture`, the number of components of a mixture of logistics, the channels share which of them is chosen.

    Raises:
        ValueError: for a space that is no image, and by `extend` or `step` beyond the space's dimensions.
    """

    def __init__(self, space: Space, outputs: int, features: int, dropout: float, mixture: int | None, vertical: bool):
        if space.kind != "image":
            raise ValueError(f"the data is a {space.kind}: this model is for images alone")
        super().__init__(space, outputs)
        self.pixels = PixelInput(space, features)
        self.stem = Stem(self.pixels.features, features, vertical)
        if mixture is None:
            self.head = ChannelHead(space.image_shape[2], features, outputs, dropout)
        else:
            self.head = SharedMixtureHead(space, features, mixture)

    @abstractmethod
    def look_above(self, at: Place):
        """Takes in the rows above, which are known when a row begins."""

    @abstractmethod
    def look(self, at: Place) -> Here:
        """The features of a place, from strictly earlier pixels."""

    @abstractmethod
    def reach(self, itself: Bool[Tensor, "height width pixels"]) -> Bool[Tensor, "height width pixels"]:
        """What pixels the features of each pixel depend on, when each depended on itself."""

    def start(self, batch_size: int, condition: Condition | None = None) -> ImageState:
        check_condition(self.space, condition)
        height, width, _ = self.space.image_shape
        return ImageState(self.pixels.blank(batch_size, self.space.dims), Place(batch_size, height, width, condition))

    def extend(
        self, x: Shaped[Tensor, "batch time"], state: ImageState
    ) -> tuple[Float[Tensor, "batch time outputs"], ImageState]:
        values, new = self._extended(x, state)
        image = self._image(values)
        at = replace(state.place, memory={})
        self.stem.write(self.pixels(image), at)
        self.look_above(at)
        at.store(self.head, self.look(at))
        params = self.head(at.load(self.head), self.pixels.numbers(image)).flatten(1, 3)
        return params[:, new], ImageState(values, at, new.stop)

    def step(
        self, previous: Shaped[Tensor, " batch"] | None, state: ImageState
    ) -> tuple[Float[Tensor, "batch outputs"], ImageState]:
        check_turn(state.asked, given=previous is not None)
        if previous is not None:
            self._take(previous, state)
        i, j, c = self._coordinates(state.position)
        at = state.place.pixel(i, j)
        if c == 0 and j == 0:
            self.look_above(state.place.row(i))
        if c == 0:
            at.store(self.head, self.look(at))
        state.asked = True
        numbers = self.pixels.numbers(self._image(state.values)[:, i, j])
        return self.head.channel(at.load(self.head), numbers, c), state

    def pixels_reached(self) -> Bool[Tensor, "pixels pixels"]:
        height, width, _ = self.space.image_shape
        itself = torch.eye(height * width, dtype=torch.bool)
        return self.reach(itself.unflatten(0, (height, width))).flatten(0, 1)

    def _take(self, previous: Tensor, state: ImageState):
        """Writes down the value at the state's position; a pixel enters the stem when its channels are complete."""
        i, j, c = self._coordinates(state.position)
        state.values[:, state.position] = previous
        state.position += 1
        if c + 1 == self.space.image_shape[2]:
            self.stem.write(self.pixels(self._image(state.values)[:, i, j]), state.place.pixel(i, j))

    def _coordinates(self, position: int) -> tuple[int, int, int]:
        """Row, column and channel of a dimension."""
        pixel, c = self._place(position)
        return *divmod(pixel, self.space.image_shape[1]), c


def keep_variance(module: nn.Module):
    """Weights of variance 1 / inputs (LeCun et al., 1998, section 4.6), where torch's default has a third of it."""
    if isinstance(module, ShiftedConvolution | nn.Linear):
        nn.init.kaiming_uniform_(module.weight, a=1.0)
    if isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.05)
