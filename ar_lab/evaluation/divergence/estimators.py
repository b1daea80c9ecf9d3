"""What a divergence is found by: sums over a grid, or draws of P and Q with gradients through them."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float64, Shaped
from torch import Tensor

from ar_lab.distributions.base import Distribution
from ar_lab.evaluation.divergence.definitions import DIVERGENCES, Divergence
from ar_lab.evaluation.divergence.families import Family
from ar_lab.evaluation.divergence.grid import FINE, Grid, draws_of, grid_around, grid_of

MISSED = 1e-4  # of the mass of a distribution, from which on a quadrature is remarked upon
CUT = 1e-6  # the share of the outermost cells in the sum of P^2/Q, from which on chi-square is remarked upon
DOMINANT = 0.1  # the share of one draw in a sum, from which on a figure is remarked upon


class Figure(NamedTuple):
    """A divergence, with the standard error of an estimate."""

    value: float
    se: float | None = None
    remark: str | None = None


class Estimator(ABC):
    """The losses that a fit minimizes, and the figures of what was fitted."""

    exact: bool

    @abstractmethod
    def loss(self, divergence: Divergence, family: Family) -> Float64[Tensor, ""]:
        """With the gradient of the family's parameters."""

    @abstractmethod
    def how(self, divergence: Divergence, family: Family) -> str:
        """The name of what the loss and its gradient are found by."""

    @abstractmethod
    def figures(self, family: Family) -> dict[str, Figure]:
        """Every divergence of a fitted family."""


class Sums(Estimator):
    """Exact sums over every example, or quadrature."""

    exact = True

    def __init__(self, distribution: Distribution, seed: int):
        self.distribution, self.seed = distribution, seed
        self.grid = grid_of(distribution, seed)
        self.log_p = distribution.log_prob(self.grid.points)

    def loss(self, divergence: Divergence, family: Family) -> Float64[Tensor, ""]:
        return divergence.loss(self.log_p, family.log_prob(self.grid.points), self.grid)

    def how(self, divergence: Divergence, family: Family) -> str:
        return self.grid.how

    @torch.no_grad()
    def figures(self, family: Family) -> dict[str, Figure]:
        grid, log_p = self.grid, self.log_p
        if grid.side is not None:
            grid = self._around(family)
            log_p = self.distribution.log_prob(grid.points)
        log_q = family.log_prob(grid.points)
        missed = max(abs(grid.mass(log) - 1) for log in (log_p, log_q))
        remark = f"the grid misses {missed:.1g} of its mass" if missed > MISSED else None
        values = {name: float(one.value(log_p, log_q, grid)) for name, one in DIVERGENCES.items()}
        found = {name: Figure(value, None, remark) for name, value in values.items()}
        if grid.at_the_rim(2 * log_p - log_q) > CUT:
            found["chi2"] = Figure(values["chi2"], None, "P^2/Q goes on beyond the grid: too low, and maybe infinite")
        return found

    def _around(self, family: Family) -> Grid:
        """A grid that holds both P and Q."""
        generator = torch.Generator().manual_seed(self.seed)
        x = torch.cat([draws_of(self.distribution, self.seed), family.sample(4096, generator)])
        return grid_around(x, [self.distribution.log_prob, family.log_prob], least=FINE)


class Samples(Estimator):
    """Draws of P and Q, `samples` a gradient and `draws` a figure.

    E_P[a] is a mean over draws of P. For E_Q[b] the draws are reparametrized, where the family can (Kingma and Welling,
    2014), else grad E_Q[b] = E_Q[grad b + (b - baseline) grad log Q] by the score function (Williams, 1992), with the
    mean of all other draws as the baseline of one.
    """

    exact = False

    def __init__(self, distribution: Distribution, seed: int, samples: int, draws: int):
        self.distribution, self.seed, self.samples, self.draws = distribution, seed, samples, draws
        self.generator = torch.Generator().manual_seed(seed)

    def loss(self, divergence: Divergence, family: Family) -> Float64[Tensor, ""]:
        loss = torch.zeros((), dtype=torch.float64)
        if divergence.of_p is not None:
            x = self.distribution.sample(self.samples, self.generator)
            loss = loss + divergence.loss_of_p(self._ratio(x, family.log_prob(x)))
        if divergence.of_q is not None:
            x = family.sample(self.samples, self.generator)
            log_q = family.log_prob(x)
            of_q = divergence.of_q(self._ratio(x, log_q))
            loss = loss + (of_q if family.reparametrized else with_score(of_q, log_q)).mean()
        return loss

    def how(self, divergence: Divergence, family: Family) -> str:
        if divergence.of_q is None:
            return "samples of P"
        return "reparametrized" if family.reparametrized else "score function"

    @torch.no_grad()
    def figures(self, family: Family) -> dict[str, Figure]:
        generator = torch.Generator().manual_seed(self.seed)
        of_p, of_q = self.distribution.sample(self.draws, generator), family.sample(self.draws, generator)
        ratios = [self._ratio(x, family.log_prob(x)) for x in (of_p, of_q)]
        return {name: estimated(divergence, *ratios) for name, divergence in DIVERGENCES.items()}

    def _ratio(self, x: Shaped[Tensor, "draws dims"], log_q: Float64[Tensor, " draws"]) -> Float64[Tensor, " draws"]:
        return self.distribution.log_prob(x) - log_q


def with_score(of_q: Float64[Tensor, " draws"], log_q: Float64[Tensor, " draws"]) -> Float64[Tensor, " draws"]:
    """The same values, whose mean has the gradient of the expectation over Q."""
    count = len(of_q)
    advantage = (of_q - of_q.mean()).detach() * count / (count - 1)
    return of_q + advantage * (log_q - log_q.detach())


def estimated(divergence: Divergence, at_p: Float64[Tensor, " draws"], at_q: Float64[Tensor, " draws"]) -> Figure:
    """A divergence with its standard error, from the log ratios at draws of P and at draws of Q."""
    pairs = [(divergence.of_p, at_p), (divergence.of_q, at_q)]
    terms = [of(ratio) for of, ratio in pairs if of is not None]
    value = sum(float(term.mean()) for term in terms)
    se = sum(float(term.var()) / len(term) for term in terms) ** 0.5
    share = max(float(term.abs().max() / term.abs().sum().clamp(min=1e-300)) for term in terms)
    remark = f"one draw makes {100 * share:.0f} % of it: likely too low" if share > DOMINANT else None
    return Figure(value, se, remark)
