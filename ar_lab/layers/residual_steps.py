"""The residual layers of the first PixelCNN pixel by pixel."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

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
        self.chain, self.offset = _without_offsets(blocks)
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
        for (product, entered), (floor, down, bias, here, up) in zip(self.taps.arrive(self.j), self.chain, strict=True):
            torch.addmm(bias, torch.maximum(h, floor), down, out=entered).relu_()
            h.addmm_(product.addmm_(entered, here).relu_(), up)
        self.taps.leave(self.j)
        return h.add_(self.offset)


def _without_offsets(blocks: nn.ModuleList) -> tuple[list[tuple[Tensor, ...]], Tensor]:
    """The weights of every block, and by how much the biases of all lift the features in the end.

    They are added there only: a call less a block. D relu(h + c) is D max(h, -c) + D c, c being those of blocks before.
    """
    chain, c = [], torch.zeros_like(blocks[0].up.bias)
    for block in blocks:
        down, kernel = block.down.weight, block.convolution.weight
        chain.append((-c, down.t(), block.down.bias + down @ c, kernel[:, :, -1, 1].t(), block.up.weight.t()))
        c = c + block.up.bias
    return chain, c
