"""Bernoulli conditionals: one logit for a variable of two levels."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ar_lab.likelihoods.base import DiscreteConditional, Likelihood
from ar_lab.space import Space


class BernoulliConditional(DiscreteConditional):
    """p(x = 1) = sigmoid(logit)."""

    def __init__(self, logits: Float[Tensor, "*batch"]):
        self.logits = logits

    def log_prob(self, x: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        return -F.softplus(torch.where(x == 1, -self.logits, self.logits))

    def sample(self, noise: Float[Tensor, "*batch"]) -> Int[Tensor, "*batch"]:
        return (noise >= torch.sigmoid(-self.logits)).long()

    def tempered(self, temperature: float) -> "BernoulliConditional":
        return BernoulliConditional(self.logits / temperature)

    def pmf(self) -> Float[Tensor, "*batch 2"]:
        return torch.stack([torch.sigmoid(-self.logits), torch.sigmoid(self.logits)], dim=-1)


class Bernoulli(Likelihood):
    """One logit a dimension.

    Raises:
        ValueError: unless the space has exactly two levels.
    """

    outputs = 1

    def __init__(self, space: Space):
        if space.levels != 2:
            raise ValueError(f"a Bernoulli likelihood needs 2 levels, the data has {space.levels or 'real numbers'}")

    def conditional(self, params: Float[Tensor, "*batch 1"]) -> BernoulliConditional:
        return BernoulliConditional(params.squeeze(-1))
