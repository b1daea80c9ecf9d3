"""Which labels are drawn when nobody says."""

import torch
from jaxtyping import Int64
from torch import Tensor

from ar_lab.space import Space


def labels_in_turn(space: Space, count: int, device: torch.device) -> Int64[Tensor, " count"] | None:
    """0, 1, … and again from 0; None for a space without classes."""
    return None if space.classes is None else torch.arange(count, device=device) % space.classes
