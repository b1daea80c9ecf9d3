"""The divergences: D(P, Q) = E_P[a(log P/Q)] + E_Q[b(log P/Q)], one law for exact sums and for samples.

All are f-divergences, functions of the log ratio alone, and each is written so that it keeps its value in the tails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ar_lab.evaluation.divergence.grid import Grid

Points = Float[Tensor, " points"]
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class Divergence:
    """`of_p` and `of_q` are a and b, functions of the log ratio; None where P or Q is not asked."""

    name: str
    unit: str
    formula: str
    of_p: Callable[[Points], Points] | None
    of_q: Callable[[Points], Points] | None

    def value(self, log_p: Points, log_q: Points, grid: Grid) -> Scalar:
        """The sum over all points; infinite where Q is zero and the divergence cannot bear it, or P likewise."""
        ratio = log_ratio(log_p, log_q)
        of_p = 0 if self.of_p is None else _weighted(log_p, self.of_p, ratio)
        of_q = 0 if self.of_q is None else _weighted(log_q, self.of_q, ratio)
        return (grid.volume * (of_p + of_q)).sum()

    def loss(self, log_p: Points, log_q: Points, grid: Grid) -> Scalar:
        """What is minimized: a quantity that has its least value where the divergence has."""
        return self.value(log_p, log_q, grid)

    def loss_of_p(self, ratio: Points) -> Scalar:
        """The part of the loss that draws of P tell of."""
        return self.of_p(ratio).mean()


class ChiSquare(Divergence):
    """sum P^2 / Q - 1; it overflows long before its logarithm, the Rényi divergence of order 2, which is minimized."""

    def value(self, log_p: Points, log_q: Points, grid: Grid) -> Scalar:
        return self.loss(log_p, log_q, grid).exp() - (grid.volume * log_p.exp()).sum()

    def loss(self, log_p: Points, log_q: Points, grid: Grid) -> Scalar:
        squared = torch.where(log_p == -torch.inf, -torch.inf, log_p + log_ratio(log_p, log_q))
        return squared.logsumexp(0) + log(grid.volume)

    def loss_of_p(self, ratio: Points) -> Scalar:
        return ratio.logsumexp(0) - log(len(ratio))


def log_ratio(log_p: Points, log_q: Points) -> Points:
    """log P/Q, and 0 where both are zero: such a point is in no sum."""
    nowhere = (log_p == -torch.inf) & (log_q == -torch.inf)
    return torch.where(nowhere, 0.0, log_p) - torch.where(nowhere, 0.0, log_q)


def _weighted(log_weight: Points, of: Callable[[Points], Points], ratio: Points) -> Points:
    """weight * of(ratio), and 0 log 0 = 0, in the gradient as well."""
    absent = log_weight.exp() == 0
    return torch.where(absent, 0.0, log_weight.exp() * of(torch.where(absent, 0.0, ratio)))


def _half_of_the_mean(ratio: Points) -> Points:
    """log(P / M) / 2 with M = (P + Q) / 2."""
    return (log(2) + F.logsigmoid(ratio)) / 2


def _total_variation(ratio: Points) -> Points:
    """|P - Q| / 2 (P + Q)."""
    return (ratio.abs() / 2).tanh() / 2


def _hellinger(ratio: Points) -> Points:
    """(sqrt P - sqrt Q)^2 / 2 (P + Q) = (1 - sech(ratio / 2)) / 2."""
    half = ratio.abs() / 2
    return (1 - 2 * (-half).exp() / (1 + (-2 * half).exp())) / 2


def _reverse(ratio: Points) -> Points:
    return -ratio


def _forward(ratio: Points) -> Points:
    return ratio


DIVERGENCES = {
    divergence.name: divergence
    for divergence in (
        Divergence("forward_kl", "nats", "KL(P||Q) = E_P[log P/Q]", _forward, None),
        Divergence("reverse_kl", "nats", "KL(Q||P) = E_Q[log Q/P]", None, _reverse),
        Divergence(
            "js",
            "nats, at most log 2",
            "KL(P||M)/2 + KL(Q||M)/2, M = (P+Q)/2",
            _half_of_the_mean,
            lambda ratio: _half_of_the_mean(-ratio),
        ),
        Divergence("tv", "0..1", "sum |P-Q| / 2", _total_variation, _total_variation),
        Divergence("hellinger", "squared, 0..1", "sum (sqrt P - sqrt Q)^2 / 2", _hellinger, _hellinger),
        ChiSquare("chi2", "0..inf", "E_Q[(P/Q)^2] - 1 = sum P^2/Q - 1", torch.expm1, None),
    )
}
