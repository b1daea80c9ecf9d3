"""A tower of causal layers one pixel at a time: what does not wait for the layer before is one product over all layers.

That is what rows above give, once a row, and what lies to the left, once a pixel; the tap at the pixel itself and what
follows it are left for the chain of layers. Tensors lie as (layers, batch, features), so that a product is one call.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ar_lab.layers.masked_convolution import CausalConvolution, Image

Pixel = Float[Tensor, "batch features"]


class RowTaps:
    """Convolutions of all layers along one row, but for their tap at the present pixel.

    `bias` is theirs with that of the labels, `left` the weights of the tap `dilations` to the left.
    """

    def __init__(
        self,
        bias: Float[Tensor, "layers batch outputs"],
        left: Float[Tensor, "layers features outputs"],
        dilations: Sequence[int],
        width: int,
    ):
        (layers, batch, _), features = bias.shape, left.shape[1]
        self.bias, self.left, self.width = bias, left, width
        self.reach = max(dilations)
        # A margin of zeros on both sides stands for what is outside of the image.
        self.inputs = left.new_zeros(self.reach + width + 1, layers, batch, features)
        self.layers, self.behind = torch.arange(layers), self.reach - torch.tensor(dilations)
        self.same = len(set(dilations)) == 1
        self.begin(None, None)

    def load(self, inputs: Sequence[Image], i: int, columns: range) -> None:
        """Takes over these pixels of row i from a whole image."""
        for layer, image in enumerate(inputs):
            self.inputs[self.reach :][columns.start : columns.stop, layer] = image[:, i, columns].transpose(0, 1)

    def begin(
        self,
        above: Float[Tensor, "layers pixels sources"] | None,
        weight: Float[Tensor, "layers sources outputs"] | None,
    ) -> None:
        """Begins a row below what its pixels, column by column and each a batch, see above; None if there is no row."""
        self.begun = self.bias.unsqueeze(1).expand(-1, self.width, -1, -1)
        if above is not None:
            self.begun = torch.bmm(above, weight).view_as(self.begun) + self.bias.unsqueeze(1)

    def pixel(self, j: int) -> tuple[Tensor, ...]:
        """Of every layer what all its taps but the one at pixel j give there."""
        return torch.baddbmm(self.begun[:, j], self._before(j), self.left).unbind(0)

    def places(self, j: int) -> tuple[Tensor, ...]:
        """Of every layer where its input at pixel j belongs."""
        return self.inputs[self.reach + j].unbind(0)

    def _before(self, j: int) -> Float[Tensor, "layers batch features"]:
        return self.inputs[j] if self.same else self.inputs[self.behind + j, self.layers]


class PixelSteps(ABC):
    """Goes through an image pixel by pixel: `features` of the next one, then `take` what enters for it.

    Weights are those of the moment it is made, and gradients do not pass.
    """

    def __init__(self, inputs: Image, left: CausalConvolution, pixel: int):
        (batch, self.height, self.width, features), self.window = inputs.shape, len(left.columns)
        self.padded = inputs.new_zeros(batch, self.height, self.window + self.width, features)
        self.inputs = self.padded[:, :, self.window :]
        self.left = left.weight.squeeze(2).permute(2, 1, 0).flatten(0, 1)
        self.i, self.j = divmod(pixel, self.width)
        self.inputs[:, : self.i] = inputs[:, : self.i]
        self.inputs[:, self.i, : self.j] = inputs[:, self.i, : self.j]
        self.stem: Float[Tensor, "batch width features"] | None = None  # of this row, but for what lies left in it

    def features(self) -> Pixel:
        """The features of the next pixel, from those before."""
        if self.stem is None:
            self.stem = self._begin_row()
        window = self.padded[:, self.i, self.j : self.j + self.window].flatten(1)
        return self._through_layers(torch.addmm(self.stem[:, self.j], window, self.left))

    def take(self, inputs: Pixel) -> None:
        """What enters for the pixel whose features were asked for last."""
        self.inputs[:, self.i, self.j] = inputs
        self.j += 1
        if self.j == self.width:
            self.i, self.j, self.stem = self.i + 1, 0, None

    @abstractmethod
    def _begin_row(self) -> Float[Tensor, "batch width features"]:
        """Works out what rows above give to every layer; returns it for the stem."""

    @abstractmethod
    def _through_layers(self, stem: Pixel) -> Pixel:
        """The layers at the next pixel."""


def stacked(weights: Sequence[Float[Tensor, "outputs inputs"]]) -> Float[Tensor, "layers inputs outputs"]:
    """The weights of linear maps, one a layer, as a batched product takes them."""
    return torch.stack([weight.t() for weight in weights])
