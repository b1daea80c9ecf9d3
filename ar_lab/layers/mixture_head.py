"""Channels that share the choice of a mixture's component (Salimans et al., 2017, section 2.2), one after the other."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.logistic import log_bin_mass, logistics
from ar_lab.space import Space


class SharedMixtureHead(nn.Module):
    """The paper's joint over a pixel's channels, sum_m pi_m prod_c p_m(x_c | x_{<c}), as a product of conditionals.

    Channel c has the weights softmax(log pi_m + sum_{c' < c} log p_m(x_c' | x_{<c'})), and the means of its components
    are shifted by sum_{c' < c} tanh(coefficient_m) x_c'. Numbers are levels scaled to [-1, 1].
    """

    def __init__(self, space: Space, features: int, components: int):
        super().__init__()
        self.components, self.channels, self.levels = components, space.image_shape[2], space.levels
        shifts = self.channels * (self.channels - 1) // 2
        self.out = nn.Linear(features, components * (1 + 2 * self.channels + shifts))

    def forward(
        self, features: Float[Tensor, "*batch features"], numbers: Float[Tensor, "*batch channels"]
    ) -> Float[Tensor, "*batch channels outputs"]:
        """All channels of a pixel whose values are known."""
        return torch.stack(self._channels(features, numbers, self.channels), dim=-2)

    def channel(
        self, features: Float[Tensor, "batch features"], numbers: Float[Tensor, "batch channels"], c: int
    ) -> Float[Tensor, "batch outputs"]:
        """Channel c alone; `numbers` are not looked at from c on."""
        return self._channels(features, numbers, c + 1)[-1]

    def _channels(self, features: Tensor, numbers: Tensor, count: int) -> list[Tensor]:
        raw = self.out(F.elu(features))
        raw = raw.to(torch.promote_types(raw.dtype, torch.float32))  # half precision cannot tell 256 levels apart
        logits, *blocks = raw.unflatten(-1, (-1, self.components)).unbind(-2)
        means, log_scales, shifts = (
            blocks[: self.channels],
            blocks[self.channels : 2 * self.channels],
            iter(blocks[2 * self.channels :]),
        )
        params, logits = [], torch.log_softmax(logits, dim=-1)
        for c in range(count):
            mean = means[c]
            for before in range(c):
                mean = mean + torch.tanh(next(shifts)) * numbers[..., before, None]
            params.append(torch.cat([logits, mean, log_scales[c]], dim=-1))
            if c + 1 < count:
                logits = logits + log_bin_mass(numbers[..., c], logistics(params[c]), self.levels)
        return params
