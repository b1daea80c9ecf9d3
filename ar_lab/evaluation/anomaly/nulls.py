"""Null datasets: what no model should take for its data, and some do."""

import torch
from jaxtyping import Shaped
from torch import Tensor

from ar_lab.space import Space


def null_examples(
    space: Space, train: Shaped[Tensor, "..."], test: Shaped[Tensor, "test dims"], count: int, seed: int
) -> dict[str, Shaped[Tensor, "_ dims"]]:
    """Examples by the name of what they are, at most `count` of each.

    Of images `constant` (every level in turn) and `noise` (uniform levels); of text `repeated` (every symbol in turn)
    and `noise`; of tables `noise`, uniform over the range of every training column, and `shuffled`, test rows whose
    columns are each permuted: their marginals are right, their dependence is gone.
    """
    generator = torch.Generator().manual_seed(seed)
    if not space.discrete:
        low, high = train.amin(0), train.amax(0)
        noise = low + (high - low) * torch.rand(count, space.dims, generator=generator, dtype=train.dtype)
        return {"noise": noise, "shuffled": shuffled(test, generator)[:count]}
    levels = torch.linspace(0, space.levels - 1, min(space.levels, count), dtype=torch.float64).round().long()
    same = {"sequence": "repeated"}.get(space.kind, "constant")
    noise = torch.randint(space.levels, (count, space.dims), generator=generator)
    return {same: levels[:, None].expand(-1, space.dims), "noise": noise}


def shuffled(x: Shaped[Tensor, "count dims"], generator: torch.Generator) -> Shaped[Tensor, "count dims"]:
    """Every column in a random order of its own."""
    return torch.stack([column[torch.randperm(len(x), generator=generator)] for column in x.unbind(1)], dim=1)
