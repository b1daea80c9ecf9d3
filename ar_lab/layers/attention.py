"""Causal self-attention (Vaswani et al., 2017, section 3.2), and the key-value cache that lets it go on one step."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.positions import Rotary

Heads = Float[Tensor, "batch heads time size"]
Seen = Float[Tensor, "batch heads seen size"]


class KeyValueCache:
    """The keys and values of the positions seen so far, in tensors of `capacity` positions.

    The first pass is kept as it is, since most passes (training) are never gone on from; only the second allocates.
    """

    def __init__(self, capacity: int):
        self.capacity = capacity
        self.length = 0
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def append(self, keys: Heads, values: Heads) -> tuple[Seen, Seen]:
        """Takes in the next positions and returns the keys and values of all so far."""
        new = slice(self.length, self.length + keys.shape[2])
        if self.length == 0:
            self.keys, self.values = keys, values
        else:
            self.keys, self.values = self._reserved(self.keys), self._reserved(self.values)
            self.keys[:, :, new], self.values[:, :, new] = keys, values
        self.length = new.stop
        return self.keys[:, :, : new.stop], self.values[:, :, : new.stop]

    def _reserved(self, buffer: Tensor) -> Tensor:
        missing = self.capacity - buffer.shape[2]
        return F.pad(buffer, (0, 0, 0, missing)) if missing else buffer


class CausalSelfAttention(nn.Module):
    """softmax(Q K^T / sqrt(size)) V, where position i attends to the positions up to and including i.

    Raises:
        ValueError: when `heads` does not divide `width`.
    """

    def __init__(self, width: int, heads: int, dropout: float, rotary: bool, capacity: int):
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} is not divisible by heads={heads}: every head has width / heads features")
        self.heads = heads
        self.dropout = dropout
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.rotary = Rotary(width // heads, capacity) if rotary else None

    def forward(self, x: Float[Tensor, "batch time width"], cache: KeyValueCache) -> Float[Tensor, "batch time width"]:
        """Attends from the next positions to themselves and to all that the cache holds, and leaves them there."""
        time, before = x.shape[1], cache.length
        queries, keys, values = self.project(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if self.rotary is not None:
            places = slice(before, before + time)
            queries, keys = self.rotary(queries, places), self.rotary(keys, places)
        keys, values = cache.append(keys, values)
        attended = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=_offset_mask(before, time, x.device) if before and time > 1 else None,
            is_causal=before == 0 and time > 1,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.out(attended.transpose(1, 2).flatten(2))


def _offset_mask(before: int, time: int, device: torch.device) -> Tensor:
    """Row t may see the `before` cached positions and the new ones up to t."""
    return torch.ones(time, before + time, dtype=torch.bool, device=device).tril(before)
