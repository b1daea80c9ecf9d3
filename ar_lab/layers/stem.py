"""The first features of a pixel, of which all others are made, from strictly earlier pixels."""

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ar_lab.layers.places import Here, Place, ShiftedConvolution

# The vertical stream sees the rows above; the horizontal one what is above or to the left.
Stream = Literal["vertical", "horizontal"]
Reach = Bool[Tensor, "height width sources"]


class Stem(nn.ModuleDict):
    """Convolutions that leave out the present pixel: of the horizontal stream, and of a vertical one if asked for."""

    def __init__(self, inputs: int, features: int, vertical: bool):
        super().__init__()
        if vertical:
            self["vertical"] = ShiftedConvolution(inputs, features, range(-2, 0), range(-1, 2))
        self["above"] = ShiftedConvolution(inputs, features, range(-1, 0), range(-1, 2))
        self["left"] = ShiftedConvolution(inputs, features, range(1), range(-1, 0))

    def write(self, x: Here, at: Place):
        """Lets the stem know the pixels of a place."""
        for convolution in self.values():
            at.write(convolution, x)

    def forward(self, stream: Stream, at: Place) -> Float[Tensor, "batch *place features"]:
        if stream == "vertical":
            return at.read(self["vertical"])
        return at.read(self["above"]) + at.read(self["left"])

    def inputs(self, at: Place) -> Float[Tensor, "batch height width inputs"]:
        """The pixels of the whole image, as far as they are known."""
        return at.written(self["left"])

    def reach(self, stream: Stream, itself: Reach) -> Reach:
        if stream == "vertical":
            return self["vertical"].reach(itself)
        return self["above"].reach(itself) | self["left"].reach(itself)
