"""Quadrature: how much of a density lies between given points, its tails included."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

POINTS = 10  # of the Gauss-Legendre rule in every panel
HALVINGS = 25
ERROR = 1e-11  # of a panel
REACH = 60.0  # of u with x = sinh(u): beyond 1e25 not even tails of two degrees of freedom have any mass
PANELS = 480

Density = Callable[[Float[Tensor, " n"]], Float[Tensor, " n"]]


def masses(log_density: Density, edges: Float[Tensor, " edges"]) -> Float[Tensor, " edges_and_1"]:
    """The mass below the first edge, between neighbors, and above the last one; `edges` in ascending order.

    Panels in u with x = sinh(u) are halved until both halves together agree with the whole, so that tails that fall as
    a power of x are in it as well as narrow peaks beside an edge.
    """
    ends = edges.new_tensor([-REACH, REACH])
    grid = torch.linspace(-REACH, REACH, PANELS + 1, dtype=edges.dtype, device=edges.device)
    cuts = torch.cat([grid, edges.asinh().clamp(*ends.tolist())]).unique()
    left, right = cuts[:-1], cuts[1:]
    owner = torch.searchsorted(edges.asinh().contiguous(), ((left + right) / 2).contiguous())
    found = edges.new_zeros(len(edges) + 1)
    whole = _rule(log_density, left, right)
    for _ in range(HALVINGS):
        middle = (left + right) / 2
        first, second = _rule(log_density, left, middle), _rule(log_density, middle, right)
        settled = (first + second - whole).abs() <= ERROR
        found.index_add_(0, owner[settled], (first + second)[settled])
        if settled.all():
            return found
        left, right = torch.cat([left, middle])[~settled.repeat(2)], torch.cat([middle, right])[~settled.repeat(2)]
        whole, owner = torch.cat([first, second])[~settled.repeat(2)], owner[~settled].repeat(2)
    return found.index_add_(0, owner, whole)


def _rule(log_density: Density, left: Float[Tensor, " n"], right: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    nodes, weights = (torch.from_numpy(part).to(left) for part in np.polynomial.legendre.leggauss(POINTS))
    half = (right - left).unsqueeze(1) / 2
    u = (left + right).unsqueeze(1) / 2 + half * nodes
    inside = (log_density(u.sinh().flatten()).view_as(u) + u.cosh().log()).exp()
    return (half * inside * weights).sum(1)
