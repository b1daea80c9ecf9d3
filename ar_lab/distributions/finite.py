"""Distributions over a few states: drawn at random, drawn from, and the one that a chain keeps."""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

LEAST = 1e-9  # what a random probability is raised by: nothing is impossible


def dirichlet(rows: int, levels: int, concentration: float, rng: np.random.Generator) -> Float[Tensor, "rows levels"]:
    """Random distributions, a row each; the smaller the concentration, the more uneven."""
    drawn = torch.from_numpy(rng.dirichlet(np.full(levels, concentration), rows)) + LEAST
    return drawn / drawn.sum(1, keepdim=True)


def kept(flow: Float[Tensor, "states states"]) -> Float[Tensor, " states"]:
    """The distribution that a matrix of columns, each a distribution over the next state, maps to itself."""
    system = flow - torch.eye(len(flow), dtype=torch.float64)
    system[-1] = 1.0  # the equations add up to 0 = 0: one of them gives way to sum pi = 1
    target = torch.zeros(len(flow), dtype=torch.float64)
    target[-1] = 1.0
    found = torch.linalg.solve(system, target).clamp(min=0)
    return found / found.sum()


def inverted(pmf: Float[Tensor, " states"], uniform: Float[Tensor, " count"]) -> Int64[Tensor, " count"]:
    """Draws from a distribution by uniform numbers."""
    return torch.searchsorted(pmf.cumsum(0)[:-1], uniform.contiguous(), right=True)
