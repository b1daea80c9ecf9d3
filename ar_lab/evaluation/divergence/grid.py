"""The points of an exact sum: every example of a small space, or the midpoints of cells of 1 or 2 real variables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float64, Shaped
from torch import Tensor

from ar_lab.distributions.base import LARGEST, Distribution, every_example, is_enumerable
from ar_lab.space import Space

SIDES = {1: (512, 2048), 2: (64, 128, 256, 512)}  # of as many variables: cells an axis
FINE = 256  # cells an axis that figures take at least: total variation is no smooth sum
LOST = 1e-6  # of the mass of P that a grid may miss
DRAWS = 20_000  # of P, that say where it is


@dataclass(frozen=True)
class Grid:
    """Points with one weight: 1 for every example, the volume of a cell for real numbers."""

    points: Shaped[Tensor, "points dims"]
    volume: float
    side: int | None = None  # cells an axis; None: every example

    @property
    def how(self) -> str:
        return "exact" if self.side is None else "quadrature"

    def mass(self, log_prob: Float64[Tensor, " points"]) -> float:
        """The sum of a probability over the points."""
        return float(self.volume * log_prob.exp().sum())

    def at_the_rim(self, log_value: Float64[Tensor, " points"]) -> float:
        """The share of the outermost cells in the sum of a positive function; 0 where every example is a point."""
        if self.side is None:
            return 0.0
        rim = ((self.points == self.points.amin(0)) | (self.points == self.points.amax(0))).any(1)
        return float((log_value[rim].logsumexp(0) - log_value.logsumexp(0)).exp())


def has_grid(space: Space) -> bool:
    """Whether sums over a space can be taken point by point."""
    return is_enumerable(space) if space.discrete else space.dims <= 2


def no_grid(space: Space) -> str:
    """What a space is too large for, in words."""
    if space.discrete:
        return f"{space.levels}^{space.dims} examples, and sums run over at most {LARGEST:,}"
    return f"{space.dims} real variables, and quadrature is of 1 or 2"


def grid_of(distribution: Distribution, seed: int) -> Grid:
    """Every example, or the coarsest grid around P that P sums to one on.

    Raises:
        ValueError: when none does, since the details of P are too fine or its tails too heavy.
    """
    if distribution.space.discrete:
        return Grid(every_example(distribution.space), 1.0)
    grid = grid_around(draws_of(distribution, seed), [distribution.log_prob])
    if abs(grid.mass(distribution.log_prob(grid.points)) - 1) > LOST:
        raise ValueError(f"no grid of {grid.side} cells an axis holds P; use task.estimator=sampled")
    return grid


def draws_of(distribution: Distribution, seed: int) -> Float64[Tensor, "draws dims"]:
    return distribution.sample(DRAWS, torch.Generator().manual_seed(seed)).double()


@torch.no_grad()
def grid_around(
    x: Float64[Tensor, "draws dims"],
    log_probs: Sequence[Callable[[Float64[Tensor, "points dims"]], Float64[Tensor, " points"]]],
    least: int = 1,
) -> Grid:
    """The coarsest grid on which densities sum to one, else the finest; wider than their draws by half on each side."""
    low, high = x.amin(0), x.amax(0)
    room = (high - low) / 2
    for side in (side for side in SIDES[x.shape[1]] if side >= least):
        grid = midpoints(low - room, high + room, side)
        if all(abs(grid.mass(log_prob(grid.points)) - 1) < LOST for log_prob in log_probs):
            break
    return grid


def midpoints(low: Float64[Tensor, " dims"], high: Float64[Tensor, " dims"], side: int) -> Grid:
    """Equal cells of a box, of which smooth functions are summed with errors that fall exponentially."""
    edge = (high - low) / side
    axes = [low[i] + edge[i] * (torch.arange(side, dtype=torch.float64) + 0.5) for i in range(len(low))]
    return Grid(torch.cartesian_prod(*axes).reshape(-1, len(low)), float(edge.prod()), side)
