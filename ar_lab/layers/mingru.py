"""minGRU: a recurrent layer whose gates are blind to its state, so that all dimensions are computed in parallel."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

Sequence = Float[Tensor, "batch time width"]


class LinearRecurrence(torch.autograd.Function):
    """h_t = a_t h_{t-1} + b_t from h_0 = 0, in log2(time) passes over all dimensions (Hillis and Steele, 1986).

    For 0 <= a_t <= 1 nothing overflows, and an underflow is harmless: no logarithms are needed to be safe in single
    precision, as they are for a ratio of cumulative products (Heinsen, 2023), whose errors grow with the stream.
    The gradient is the same recurrence, backwards.
    """

    @staticmethod
    def forward(ctx: Any, a: Sequence, b: Sequence) -> Sequence:
        h = _scan(a, b)
        ctx.save_for_backward(a, h)
        return h

    @staticmethod
    def backward(ctx: Any, gradient: Sequence) -> tuple[Sequence, Sequence]:
        a, h = ctx.saved_tensors
        following = torch.cat([a[:, 1:], torch.zeros_like(a[:, :1])], dim=1)
        to_b = _scan(following.flip(1), gradient.flip(1)).flip(1)
        before = torch.cat([torch.zeros_like(h[:, :1]), h[:, :-1]], dim=1)
        return to_b * before, to_b


def _scan(a: Sequence, b: Sequence) -> Sequence:
    """After the pass with `shift`, h_t holds the last 2 * shift terms of its sum, and a_t their product of factors."""
    h, shift = b.clone(), 1
    while shift < h.shape[1]:
        h[:, shift:] += a[:, shift:] * h[:, :-shift]
        a = torch.cat([a[:, :shift], a[:, shift:] * a[:, :-shift]], dim=1)
        shift *= 2
    return h


class MinGRU(nn.Module):
    """h_t = (1 - z_t) h_{t-1} + z_t c_t, z_t = sigmoid(W_z x_t), c_t = W_c x_t (Feng et al., 2024, section 3.1.3).

    Layers follow one another as those of torch's recurrent layers do, whose interface this is.
    """

    def __init__(self, width: int, layers: int, dropout: float):
        super().__init__()
        self.gates = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Sequence, memory: Float[Tensor, "layers batch width"] | None
    ) -> tuple[Sequence, Float[Tensor, "layers batch width"]]:
        last = []
        for layer, gates in enumerate(self.gates):
            update, candidate = gates(x if layer == 0 else self.dropout(x)).to(gates.weight.dtype).chunk(2, dim=-1)
            keep, entering = torch.sigmoid(-update), torch.sigmoid(update) * candidate
            if memory is not None:
                first = entering[:, :1] + keep[:, :1] * memory[layer].unsqueeze(1)
                entering = torch.cat([first, entering[:, 1:]], dim=1)
            x = LinearRecurrence.apply(keep, entering)
            last.append(x[:, -1])
        return x, torch.stack(last)
