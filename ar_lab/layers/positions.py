"""Rotary positions: attention that sees how far apart two dimensions are (Su et al., 2021, RoFormer, section 3.2)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Rotary(nn.Module):
    """Rotates the feature pair (j, j + size/2) at position i by the angle i * 10000^(-2j/size).

    Raises:
        ValueError: for an odd size, whose features do not pair up.
    """

    def __init__(self, size: int, capacity: int):
        super().__init__()
        if size % 2:
            raise ValueError(
                f"a head of {size} features cannot be rotated in pairs: choose width and heads so it is even"
            )
        frequency = 10000.0 ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
        angle = torch.outer(torch.arange(capacity, dtype=torch.float64), frequency)
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    def forward(
        self, x: Float[Tensor, "batch heads time size"], places: slice
    ) -> Float[Tensor, "batch heads time size"]:
        cos, sin = self.cos[places], self.sin[places]
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)
