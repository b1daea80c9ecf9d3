"""The two stacks of a gated PixelCNN in steps: the vertical one goes on once a row, the horizontal one once a pixel."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ar_lab.layers.masked_convolution import Image
from ar_lab.layers.pixel_steps import Pixel, PixelSteps, RowTaps, stacked
from ar_lab.layers.pixels import Labels
from ar_lab.layers.stacks import Activations, TwoStacks


class StacksSteps(PixelSteps):
    """The features of `TwoStacks`, going on from the first `pixel` pixels of an image."""

    def __init__(self, stacks: TwoStacks, inputs: Image, condition: Labels, pixel: int):
        super().__init__(inputs, stacks.left.weight.squeeze(2), pixel)
        self.stacks, self.condition = stacks, condition
        layers, batch = stacks.horizontals, len(inputs)
        kernels = [layer.convolution.weight.squeeze(2) for layer in layers]
        if layers:
            bias = [layer.label(layer.convolution.bias.detach().expand(batch, -1), condition) for layer in layers]
            dilations = [layer.convolution.columns.step for layer in layers]
            left = stacked([kernel[..., 0] for kernel in kernels])
            self.taps = RowTaps(torch.stack(bias), left, dilations, self.width)
        self.here = [kernel[..., 1].t().contiguous() for kernel in kernels]
        self.out = [(layer.out.bias, layer.out.weight.t().contiguous()) for layer in layers]
        if stacks.above is not None:
            self.down = stacked([layer.down.weight for layer in layers])
            above = stacks.above.bias.numel()
            self.vertical = [inputs.new_zeros(batch, 2, self.width, above) for _ in range(len(layers) + 1)]
        if pixel:
            self._go_on(inputs, stacks.activations(inputs, condition))

    def _go_on(self, inputs: Image, known: Activations):
        if self.i:
            for rows, image in zip(self.vertical, known.vertical, strict=True):
                rows[:, 1] = image[:, self.i - 1]
        self.resume(inputs)
        if self.stacks.horizontals:
            self.taps.load(known.horizontal[:-1], self.i, range(self.j))

    def _begin_row(self) -> Float[Tensor, "batch width features"]:
        if self.stacks.above is not None:
            self._advance_vertical()
            above = torch.stack([rows[:, 1].transpose(0, 1) for rows in self.vertical[1:]])
            self.taps.begin([(above, self.down)])
        stem = self.stacks.left.bias.detach().expand(len(self.inputs), self.width, -1)
        stem = self.stacks.label(stem, self.condition)
        return stem if self.stacks.places is None else stem + self.stacks.places[self.i]

    def _advance_vertical(self):
        """Works out the next row, which the rows above determine; the stack looks up by one row, so two are held."""
        rows = self.vertical
        for row in rows:
            row[:, 0] = row[:, 1]
        rows[0][:, 1] = self.stacks.above.row(self.inputs, self.i)
        for n, layer in enumerate(self.stacks.verticals):
            rows[n + 1][:, 1] = layer.row(rows[n], 1, self.condition)

    def _through_layers(self, stem: Pixel) -> Pixel:
        h = stem
        if not self.here:
            return h
        for (product, entered), here, (bias, out) in zip(self.taps.arrive(self.j), self.here, self.out, strict=True):
            entered.copy_(h)
            h = torch.addmm(h, F.glu(product.addmm_(h, here)), out).add_(bias)
        self.taps.leave(self.j)
        return h
