"""A Markov chain of any order over a few symbols."""

from bisect import bisect_right
from math import log

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ar_lab.distributions.base import Entropy, Process
from ar_lab.distributions.finite import dirichlet, inverted, kept
from ar_lab.space import Space

CONTEXTS = 2**12  # the stationary law is the solution of a dense linear system of this size


class MarkovChain(Process):
    """P(x) = pi(x_1 … x_k) prod_{t > k} P(x_t | x_{t-k} … x_{t-1}), begun in its stationary law pi.

    A context is the number that its symbols spell, the last one as the lowest digit. An example is a window of the
    chain. The entropy rate is -sum_c pi(c) sum_x P(x | c) log P(x | c) (Cover and Thomas, 2006, theorem 4.2.4).

    Raises:
        ValueError: for real numbers, probabilities that are no positive distributions, or as many contexts as make no
            power of the levels.
    """

    def __init__(self, space: Space, transition: Float[Tensor, "contexts levels"]):
        contexts, levels = transition.shape
        self.order = round(log(contexts, max(levels, 2)))
        if levels != space.levels or levels**self.order != contexts or not self.order:
            raise ValueError(
                f"transition of shape {(contexts, levels)}: needs (levels**order, levels), levels={space.levels}"
            )
        if not (transition > 0).all() or not torch.allclose(transition.sum(1), transition.new_ones(contexts)):
            raise ValueError("transition: every row must be a distribution of positive probabilities")
        self.space, self.transition = space, transition.double()
        grams = [stationary(self.transition)]  # laws of k, k - 1, …, 0 symbols in a row
        for _ in range(self.order):
            grams.append(grams[-1].view(-1, levels).sum(1))  # one that forgets its last symbol
        self._grams = grams[::-1]

    @classmethod
    def random(cls, space: Space, order: int, concentration: float, seed: int) -> "MarkovChain":
        """Every row of the transition drawn from a symmetric Dirichlet distribution.

        Raises:
            ValueError: for an order below 1 or of more than 4,096 contexts.
        """
        levels = space.levels
        if order < 1 or levels**order > CONTEXTS:
            raise ValueError(f"order={order} over {levels} symbols: needs 1 or more, at most {CONTEXTS:,} contexts")
        return cls(space, dirichlet(levels**order, levels, concentration, np.random.default_rng(seed)))

    def nats(self, stream: Int64[Tensor, "*streams length"]) -> Float[Tensor, "*streams length"]:
        k, length = self.order, stream.shape[-1]
        first = [self._opening(stream[..., : t + 1]) for t in range(min(k, length))]
        if length <= k:
            return torch.stack(first, -1) if first else stream.double()
        rest = -self.transition.log()[self._spelled(stream.unfold(-1, k, 1)[..., :-1, :]), stream[..., k:]]
        return torch.cat([torch.stack(first, -1), rest], -1)

    def draw(self, length: int, generator: torch.Generator) -> Int64[Tensor, " length"]:
        return self._draw(1, length, generator)[0]

    def sample(self, count: int, generator: torch.Generator) -> Int64[Tensor, "count dims"]:
        return self._draw(count, self.space.dims, generator)

    def entropy(self) -> Entropy:
        """H(x_1 … x_k) + (D - k) times the rate."""
        beyond = max(0, self.space.dims - self.order)
        return Entropy(self._entropy_of(self.space.dims - beyond) + beyond * self._rate(), None, "closed form")

    def entropy_rate(self) -> Entropy:
        return Entropy(self._rate(), None, "closed form")

    def entropy_given(self, symbols: int) -> float:
        """H(x_t | the last so many symbols) in nats: the least cross-entropy of a chain of a lower order."""
        if symbols >= self.order:
            return self._rate()
        return self._entropy_of(symbols + 1) - self._entropy_of(symbols)

    def _rate(self) -> float:
        return float(self._grams[-1] @ torch.special.entr(self.transition).sum(1))

    def _entropy_of(self, symbols: int) -> float:
        return float(torch.special.entr(self._grams[symbols]).sum())

    def _opening(self, begun: Int64[Tensor, "*streams some"]) -> Float[Tensor, "*streams"]:
        """-log P of the last of the first few symbols, given those before it."""
        t = begun.shape[-1]
        before, after = self._grams[t - 1], self._grams[t]
        return before.log()[self._spelled(begun[..., :-1])] - after.log()[self._spelled(begun)]

    def _spelled(self, symbols: Int64[Tensor, "*streams some"]) -> Int64[Tensor, "*streams"]:
        place = self.space.levels ** torch.arange(symbols.shape[-1]).flip(0)
        return (symbols * place).sum(-1)

    def _draw(self, count: int, length: int, generator: torch.Generator) -> Int64[Tensor, "count length"]:
        """A walk over contexts from one that is drawn from pi; their last symbols are what is drawn."""
        uniform = torch.rand(count, length + 1, generator=generator, dtype=torch.float64)
        begun = inverted(self._grams[-1], uniform[:, 0])
        bounds = self.transition.cumsum(1)[:, :-1].tolist()
        rows = zip(begun.tolist(), uniform[:, 1:].tolist(), strict=True)
        return torch.tensor([self._walked(bounds, *row) for row in rows], dtype=torch.int64).view(count, length)

    def _walked(self, bounds: list[list[float]], context: int, uniform: list[float]) -> list[int]:
        contexts, levels = self.transition.shape
        drawn = []
        for u in uniform:
            drawn.append(bisect_right(bounds[context], u))
            context = (context * levels + drawn[-1]) % contexts
        return drawn


def stationary(transition: Float[Tensor, "contexts levels"]) -> Float[Tensor, " contexts"]:
    """The law pi of k symbols in a row that another symbol does not change: pi = pi T, sum pi = 1."""
    contexts, levels = transition.shape
    follower = (torch.arange(contexts)[:, None] * levels + torch.arange(levels)) % contexts
    system = torch.zeros(contexts, contexts, dtype=torch.float64)
    system[follower, torch.arange(contexts)[:, None]] = transition
    return kept(system)
