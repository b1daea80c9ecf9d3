"""What networks over pixels share, however they make the features of one: values and dimensions in raster order."""

from abc import abstractmethod
from typing import Any

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor

from ar_lab.models.network import Network, check_turn


class RasterNetwork(Network):
    """Features of a pixel from strictly earlier pixels; parameters of a channel from them and the channels before it.

    Its state has `values`, those that are known and then zeros, `position`, how many are, and `asked`.
    """

    @abstractmethod
    def pixels_reached(self) -> Bool[Tensor, "pixels pixels"]:
        """Entry [a, b]: whether the features of pixel a depend on pixel b."""

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """Every channel of the pixels that the features reach, and the channels before in the pixel itself."""
        height, width, channels = self.space.image_shape
        same_pixel = torch.eye(height * width, dtype=torch.bool)
        every = torch.ones(channels, channels, dtype=torch.bool)
        return torch.kron(self.pixels_reached(), every) | torch.kron(same_pixel, every.tril(-1))

    def _extended(self, x: Shaped[Tensor, "batch time"], state: Any) -> tuple[Shaped[Tensor, "batch dims"], slice]:
        """All values with the next ones among them, and where these are."""
        check_turn(state.asked, given=False)
        values, new = state.values.clone(), self.space.span(state.position, state.position + x.shape[1])
        values[:, new] = x
        return values, new

    def _place(self, position: int) -> tuple[int, int]:
        """Pixel, counted in raster order, and channel of a dimension."""
        return divmod(self.space.span(position, position + 1).start, self.space.image_shape[2])

    def _image(self, values: Shaped[Tensor, "batch dims"]) -> Shaped[Tensor, "batch height width channels"]:
        return values.unflatten(1, self.space.image_shape)
