"""The residual layers of the first PixelCNN pixel by pixel."""

import torch
from jaxtyping import Float
from torch import Tensor

from ar_lab.layers.masked_convolution import Image
from ar_lab.layers.pixel_steps import Pixel, PixelSteps, RowTaps, stacked
from ar_lab.layers.pixels import Labels
from ar_lab.layers.residual import ResidualStack


class ResidualSteps(PixelSteps):
    """The features of a `ResidualStack`, going on from the first `pixel` pixels of an image."""

    def __init__(self, stack: ResidualStack, inputs: Image, condition: Labels, pixel: int):
        half = -stack.stem.columns[0]
        super().__init__(inputs, stack.stem.weight[:, :, -1, :half], pixel)
        self.stack, self.condition = stack, condition
        blocks, batch = stack.blocks, len(inputs)
        kernels = [block.convolution.weight for block in blocks]
        bias = [block.label(block.convolution.bias.detach().expand(batch, -1), condition) for block in blocks]
        dilations = [block.convolution.columns.step for block in blocks]
        left = stacked([kernel[:, :, -1, 0] for kernel in kernels])
        self.taps = RowTaps(torch.stack(bias), left, dilations, self.width)
        self.above = [stacked([kernel[:, :, 0, c] for kernel in kernels]) for c in range(3)] if self.height > 1 else []
        self.chain = [
            (block.down.bias, block.down.weight.t(), kernel[:, :, -1, 1].t(), block.up.bias, block.up.weight.t())
            for block, kernel in zip(blocks, kernels, strict=True)
        ]
        if pixel:
            self._go_on(inputs, stack.activations(inputs, condition))

    def _go_on(self, inputs: Image, known: list[Float[Tensor, "batch height width half"]]):
        if self.i:
            self.taps.load(known, self.i - 1, range(self.width))
        self.resume(inputs)
        self.taps.load(known, self.i, range(self.j))

    def _begin_row(self) -> Float[Tensor, "batch width features"]:
        self.taps.begin([(self.taps.shifted(c - 1), weights) for c, weights in enumerate(self.above)])
        return self.stack.enter(self.stack.stem.row(self.inputs, self.i), self.condition)

    def _through_layers(self, stem: Pixel) -> Pixel:
        h = stem
        for begun, place, (down_bias, down, here, up_bias, up) in zip(
            self.taps.pixel(self.j), self.taps.places(self.j), self.chain, strict=True
        ):
            reduced = torch.addmm(down_bias, torch.relu(h), down, out=place).relu_()
            h = torch.addmm(h, begun.addmm_(reduced, here).relu_(), up).add_(up_bias)
        return h
