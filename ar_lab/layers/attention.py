"""Causal self-attention (Vaswani et al., 2017, section 3.2), on the whole or piece by piece."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.positions import Turn, turned

Memory = tuple[Float[Tensor, "batch heads _ size"], Float[Tensor, "batch heads _ size"]]  # keys and values so far


class CausalSelfAttention(nn.Module):
    """softmax(Q K^T / sqrt(size)) V, where place i attends to itself and to all before, or of these to `window` - 1.

    With `qk_norm`, queries and keys have a root mean square of 1 and a gain a feature (Dehghani et al., 2023, 2.1).

    Raises:
        ValueError: when `heads` does not divide `width`.
    """

    def __init__(self, width: int, heads: int, dropout: float, qk_norm: bool, window: int | None):
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} is not divisible by heads={heads}: every head has width / heads features")
        self.heads = heads
        self.dropout = dropout
        self.window = window
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_query = nn.RMSNorm(width // heads, eps=1e-6) if qk_norm else None
        self.norm_key = nn.RMSNorm(width // heads, eps=1e-6) if qk_norm else None

    def forward(
        self, x: Float[Tensor, "batch time width"], turn: Turn | None, memory: Memory | None
    ) -> tuple[Float[Tensor, "batch time width"], Memory]:
        """Attends from the next places to themselves and to the memory of those before, and adds them to it."""
        queries, keys, values = self.project(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if self.norm_query is not None:
            dtype = self.norm_query.weight.dtype  # under autocast they come in another
            queries, keys = self.norm_query(queries.to(dtype)), self.norm_key(keys.to(dtype))
        if turn is not None:
            queries, keys = turned(queries, turn), turned(keys, turn)
        if memory is not None:
            keys, values = (torch.cat(pair, dim=2) for pair in zip(memory, (keys, values), strict=True))
        attended = self._attend(queries, keys, values)
        return self.out(attended.transpose(1, 2).flatten(2)), self._kept(keys, values)

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        time, seen = queries.shape[2], keys.shape[2]
        causal = time == seen and (self.window is None or seen <= self.window)
        return F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=None if causal or time == 1 else _band(time, seen, self.window, queries.device),
            is_causal=causal and time > 1,
            dropout_p=self.dropout if self.training else 0.0,
        )

    def _kept(self, keys: Tensor, values: Tensor) -> Memory:
        """What the next place may still see."""
        past = 0 if self.window is None else max(0, keys.shape[2] - (self.window - 1))
        return keys[:, :, past:], values[:, :, past:]


def _band(time: int, seen: int, window: int | None, device: torch.device) -> Bool[Tensor, "time seen"]:
    """Row t is the place seen - time + t, which may see itself and at most `window` - 1 before it."""
    mask = torch.ones(time, seen, dtype=torch.bool, device=device).tril(seen - time)
    return mask if window is None else mask.triu(seen - time - (window - 1))
