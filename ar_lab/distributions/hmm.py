"""A hidden Markov model: symbols emitted by a chain that is not seen."""

from bisect import bisect_right
from functools import cached_property
from math import sqrt

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ar_lab.distributions.base import Entropy, Process, enumerated_entropy, is_enumerable, sampled_entropy
from ar_lab.distributions.finite import dirichlet, inverted, kept
from ar_lab.space import Space

SYMBOLS = 50_000  # of the draw whose forecasts the entropy rate is estimated on
BLOCK = 500  # of these count as one observation of its standard error: neighbors depend on each other


class HiddenMarkov(Process):
    """P(x) = sum_s pi(s_1) prod_t A(s_t | s_{t-1}) B(x_t | s_t), begun in the stationary law pi of A.

    -log P(x_t | x_1 … x_{t-1}) comes of the forward algorithm (Rabiner, 1989, section III.A), scaled at every symbol.
    No number of past symbols tells all about the next: no n-gram contains this source. The entropy rate has no closed
    form (Blackwell, 1957); it is estimated by the mean entropy of the forecasts along one long draw.

    Raises:
        ValueError: for probabilities that are no positive distributions.
    """

    def __init__(
        self, space: Space, transition: Float[Tensor, "states states"], emission: Float[Tensor, "states levels"]
    ):
        if emission.shape[1] != space.levels:
            raise ValueError(
                f"emission of shape {tuple(emission.shape)}: needs (states, levels), levels={space.levels}"
            )
        for name, rows in {"transition": transition, "emission": emission}.items():
            if not (rows > 0).all() or not torch.allclose(rows.sum(1), rows.new_ones(len(rows))):
                raise ValueError(f"{name}: every row must be a distribution of positive probabilities")
        self.space, self.transition, self.emission = space, transition.double(), emission.double()
        self.start = kept(self.transition.T)

    @classmethod
    def random(cls, space: Space, states: int, stay: float, concentration: float, seed: int) -> "HiddenMarkov":
        """A state is kept with probability `stay`, else drawn anew; all laws from symmetric Dirichlet distributions."""
        rng = np.random.default_rng(seed)
        moved, emission = (dirichlet(states, levels, concentration, rng) for levels in (states, space.levels))
        return cls(space, stay * torch.eye(states, dtype=torch.float64) + (1 - stay) * moved, emission)

    def nats(self, stream: Int64[Tensor, "*streams length"]) -> Float[Tensor, "*streams length"]:
        rows = stream.reshape(-1, stream.shape[-1])
        forecasts = self._forecasts(rows)
        return -forecasts.gather(2, rows[..., None])[..., 0].log().view(stream.shape)

    def _forecasts(self, rows: Int64[Tensor, "rows length"]) -> Float[Tensor, "rows length levels"]:
        """P(x_t | x_1 … x_{t-1}) for every value of x_t."""
        transition, emission = self.transition.numpy(), self.emission.numpy()
        belief = np.tile(self.start.numpy(), (len(rows), 1))  # P(s_t | x_1 … x_{t-1})
        forecasts = np.empty((rows.shape[1], len(rows), self.space.levels))
        for t, symbols in enumerate(rows.numpy().T):
            forecasts[t] = belief @ emission
            seen = belief * emission[:, symbols].T
            belief = (seen / seen.sum(1, keepdims=True)) @ transition
        return torch.from_numpy(forecasts).transpose(0, 1)

    def draw(self, length: int, generator: torch.Generator) -> Int64[Tensor, " length"]:
        return self._draw(1, length, generator)[0]

    def sample(self, count: int, generator: torch.Generator) -> Int64[Tensor, "count dims"]:
        return self._draw(count, self.space.dims, generator)

    def _draw(self, count: int, length: int, generator: torch.Generator) -> Int64[Tensor, "count length"]:
        uniform = torch.rand(count, 2 * length, generator=generator, dtype=torch.float64)
        begun = inverted(self.start, uniform[:, 0]).tolist()
        bounds = self.transition.cumsum(1)[:, :-1].tolist()
        moves = uniform[:, 1:length].tolist()
        states = torch.tensor([[s, *walked(bounds, s, row)] for s, row in zip(begun, moves, strict=True)])
        cumulative = self.emission.cumsum(1)[:, :-1]
        return (uniform[:, length:, None] >= cumulative[states]).sum(-1)

    def entropy(self) -> Entropy:
        return self._entropy

    @cached_property
    def _entropy(self) -> Entropy:
        return enumerated_entropy(self) if is_enumerable(self.space) else sampled_entropy(self, 5_000)

    def entropy_rate(self) -> Entropy:
        return self._rate

    @cached_property
    def _rate(self) -> Entropy:
        stream = self.draw(SYMBOLS, torch.Generator().manual_seed(0))
        entropies = torch.special.entr(self._forecasts(stream[None])[0]).sum(1)[BLOCK:]  # what came before is forgotten
        blocks = entropies.view(-1, BLOCK).mean(1)
        return Entropy(float(entropies.mean()), float(blocks.std()) / sqrt(len(blocks)), "Monte Carlo")


def walked(bounds: list[list[float]], state: int, uniform: list[float]) -> list[int]:
    """The states that a chain passes after the first one, by uniform numbers.

    `bounds` are the distribution functions of the next state, a row each, but for their last value, which is 1.
    """
    passed = []
    for u in uniform:
        state = bisect_right(bounds[state], u)
        passed.append(state)
    return passed
