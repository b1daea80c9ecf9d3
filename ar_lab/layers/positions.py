"""Rotary positions: attention that sees how far apart two dimensions are (Su et al., 2021, RoFormer, section 3.2)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Turn = Float[Tensor, "2 time half"]  # cosine and sine of every angle


class Rotary(nn.Module):
    """Rotates the feature pair (2j, 2j + 1) at place i by the angle i * 10000^(-2j/size).

    Angles are computed in double precision from the place itself, so that they do not fade however long a stream is.

    Raises:
        ValueError: for an odd size, whose features do not pair up.
    """

    def __init__(self, size: int):
        super().__init__()
        if size % 2:
            raise ValueError(
                f"a head of {size} features cannot be rotated in pairs: choose width and heads so it is even"
            )
        self.size = size

    def angles(self, start: int, stop: int, device: torch.device) -> Float[Tensor, "time half"]:
        frequency = 10000.0 ** (-torch.arange(0, self.size, 2, dtype=torch.float64, device=device) / self.size)
        return torch.outer(torch.arange(start, stop, dtype=torch.float64, device=device), frequency)

    def forward(self, start: int, stop: int, like: Tensor) -> Turn:
        """What turns the places from `start` up to `stop`, in the precision and on the device of a tensor."""
        angles = self.angles(start, stop, like.device)
        return torch.stack([angles.cos(), angles.sin()]).to(like.dtype)


def turned(x: Float[Tensor, "*batch time size"], turn: Turn) -> Float[Tensor, "*batch time size"]:
    """Features after their rotation."""
    (cos, sin), (a, b) = turn, x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)
