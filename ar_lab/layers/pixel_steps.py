"""A tower of causal layers one pixel at a time: what does not wait for the layer before is one product over all layers.

That is what rows above give, once a row, and what lies to the left, once a pixel; the tap at the pixel itself and what
follows it are left for the chain of layers. Tensors lie as (layers, batch, features), so that a product is one call.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ar_lab.layers.masked_convolution import Image

Pixel = Float[Tensor, "batch features"]
Sources = Float[Tensor, "layers width batch sources"]
Weights = Float[Tensor, "layers sources outputs"]


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
        (layers, batch, outputs), features = bias.shape, left.shape[1]
        self.bias, self.left, self.width = bias.unsqueeze(1), left, width
        self.reach = max(dilations)
        # A margin of zeros on both sides stands for what is outside of the image.
        self.inputs = left.new_zeros(layers, self.reach + width + 1, batch, features)
        self.layers = torch.arange(layers, device=left.device)
        self.behind = self.reach - torch.tensor(dilations, device=left.device)
        self.same = len(set(dilations)) == 1
        self.begun = left.new_empty(layers, width, batch, outputs)
        self.product, self.input = left.new_empty(layers, batch, outputs), left.new_empty(layers, batch, features)
        self.products, self.entered = self.product.unbind(0), self.input.unbind(0)
        self.begin([])

    def load(self, inputs: Sequence[Image], i: int, columns: range) -> None:
        """Takes over these pixels of row i from a whole image."""
        for layer, image in enumerate(inputs):
            self.inputs[layer, self.reach :][columns.start : columns.stop] = image[:, i, columns].transpose(0, 1)

    def begin(self, above: Sequence[tuple[Sources, Weights]]) -> None:
        """Begins a row with the products of what its pixels see above and their weights; none where there is no row."""
        self.begun.copy_(self.bias.expand_as(self.begun))
        for sources, weights in above:
            self.begun.flatten(1, 2).baddbmm_(sources.flatten(1, 2), weights)

    def shifted(self, c: int) -> Float[Tensor, "layers width batch features"]:
        """The inputs along the row `c` to the right."""
        return self.inputs[:, self.reach + c : self.reach + c + self.width]

    def arrive(self, j: int) -> Iterator[tuple[Pixel, Pixel]]:
        """Of every layer what all its taps but the one at pixel j give there, and where its input there belongs."""
        torch.baddbmm(self.begun[:, j], self._before(j), self.left, out=self.product)
        return zip(self.products, self.entered, strict=True)

    def leave(self, j: int) -> None:
        """Keeps the inputs at pixel j for those after it."""
        self.inputs[:, self.reach + j] = self.input

    def _before(self, j: int) -> Float[Tensor, "layers batch features"]:
        return self.inputs[:, j] if self.same else self.inputs[self.layers, self.behind + j]


class PixelSteps(ABC):
    """Goes through an image pixel by pixel: `features` of the next one, then `take` what enters for it.

    Weights are taken when it is made: they must stay as they are while it is used. Gradients do not pass.
    """

    def __init__(self, inputs: Image, left: Float[Tensor, "outputs features window"], pixel: int):
        (batch, self.height, self.width, features), self.window = inputs.shape, left.shape[2]
        self.padded = inputs.new_zeros(batch, self.height, self.window + self.width, features)
        self.inputs = self.padded[:, :, self.window :]
        self.left = left.permute(2, 1, 0).flatten(0, 1)
        self.i, self.j = divmod(pixel, self.width)
        self.inputs[:, : self.i] = inputs[:, : self.i]
        self.stem: Float[Tensor, "batch width features"] | None = None  # of this row, but for what lies left in it

    def resume(self, inputs: Image) -> None:
        """Takes over this row's pixels up to the next one, once the rows above were."""
        self.stem = self._begin_row()
        self.inputs[:, self.i, : self.j] = inputs[:, self.i, : self.j]

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
        """Works out what the rows above give to every layer, and returns it for the stem; `inputs` are blank below."""

    @abstractmethod
    def _through_layers(self, stem: Pixel) -> Pixel:
        """The layers at the next pixel."""


def stacked(weights: Sequence[Float[Tensor, "outputs inputs"]]) -> Float[Tensor, "layers inputs outputs"]:
    """The weights of linear maps, one a layer, as a batched product takes them."""
    return torch.stack([weight.t() for weight in weights])
