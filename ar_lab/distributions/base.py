"""What a known distribution is: log P(x), samples and the entropy of one example; of a process, of one more symbol."""

from abc import ABC, abstractmethod
from math import sqrt
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from ar_lab.space import Space

LARGEST = 2**16  # examples of a space that are enumerated, at most
AT_ONCE = 5000  # draws whose log P is computed at once


class Entropy(NamedTuple):
    """H(P) in nats, differential where the variables are real; exact when `se` is None."""

    nats: float
    se: float | None
    how: str  # closed form, enumeration, transfer matrix, quadrature, Monte Carlo


class Distribution(ABC):
    """P(x) over the examples of a space, in float64 on the CPU."""

    space: Space

    @abstractmethod
    def log_prob(self, x: Shaped[Tensor, "examples dims"]) -> Float[Tensor, " examples"]:
        """log P(x) in nats."""

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator) -> Shaped[Tensor, "count dims"]:
        """Exact independent draws: int64 levels or float64."""

    @abstractmethod
    def entropy(self) -> Entropy:
        """H(P) of one example."""


class Process(Distribution):
    """A stationary process over symbols, of which an example is a window that begins anywhere."""

    @abstractmethod
    def nats(self, stream: Int64[Tensor, "*streams length"]) -> Float[Tensor, "*streams length"]:
        """-log P(x_t | all before it in its stream), in nats."""

    @abstractmethod
    def draw(self, length: int, generator: torch.Generator) -> Int64[Tensor, " length"]:
        """One exact draw of so many symbols in a row."""

    @abstractmethod
    def entropy_rate(self) -> Entropy:
        """The limit of H(x_t | all before it) in nats a symbol."""

    def log_prob(self, x: Int64[Tensor, "examples dims"]) -> Float[Tensor, " examples"]:
        return -self.nats(x).sum(-1)

    def sample(self, count: int, generator: torch.Generator) -> Int64[Tensor, "count dims"]:
        return torch.stack([self.draw(self.space.dims, generator) for _ in range(count)])


def is_enumerable(space: Space) -> bool:
    """Whether a space is small enough for sums over every example."""
    return space.discrete and space.levels**space.dims <= LARGEST


def enumerated_entropy(distribution: Distribution) -> Entropy:
    """H(P) of a distribution on a small discrete space, as the sum over every example."""
    log_p = distribution.log_prob(every_example(distribution.space))
    return Entropy(float(torch.special.entr(log_p.exp()).sum()), None, "enumeration")


def sampled_entropy(distribution: Distribution, count: int = 100_000, seed: int = 0) -> Entropy:
    """H(P) as the mean of -log P over exact draws."""
    drawn = distribution.sample(count, torch.Generator().manual_seed(seed))
    nats = -torch.cat([distribution.log_prob(some) for some in drawn.split(AT_ONCE)])
    return Entropy(float(nats.mean()), float(nats.std()) / sqrt(count), "Monte Carlo")


def every_example(space: Space) -> Int64[Tensor, "examples dims"]:
    """All examples of a small discrete space.

    Raises:
        ValueError: for one of more than LARGEST examples, or of real numbers.
    """
    if not is_enumerable(space):
        raise ValueError(f"{space}: only discrete spaces of at most {LARGEST:,} examples are enumerated")
    levels = torch.arange(space.levels)
    return torch.cartesian_prod(*[levels] * space.dims).reshape(-1, space.dims)
