"""Categorical conditionals: a softmax over the levels, so that the model is a sequence of classifiers."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ar_lab.likelihoods.base import DiscreteConditional, Likelihood
from ar_lab.space import Space


class CategoricalConditional(DiscreteConditional):
    """p(x = k) = softmax(logits)_k."""

    def __init__(self, logits: Float[Tensor, "*batch levels"]):
        self.logits = logits

    def log_prob(self, x: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        loss = F.cross_entropy(self.logits.reshape(-1, self.logits.shape[-1]), x.reshape(-1), reduction="none")
        return -loss.reshape(x.shape)

    def sample(self, noise: Float[Tensor, "*batch"]) -> Int[Tensor, "*batch"]:
        cdf = self.pmf().cumsum(-1)
        # Scaled by the last entry, since rounding may leave the sum a hair under 1 and the noise above it.
        threshold = (noise * cdf[..., -1]).unsqueeze(-1)
        return (cdf <= threshold).sum(-1).clamp(max=self.logits.shape[-1] - 1)

    def tempered(self, temperature: float) -> "CategoricalConditional":
        # From the greatest downwards, so that no logit overflows however low the temperature.
        return CategoricalConditional((self.logits - self.logits.amax(-1, keepdim=True)) / temperature)

    def pmf(self) -> Float[Tensor, "*batch levels"]:
        return torch.softmax(self.logits, dim=-1)


class Categorical(Likelihood):
    """One logit a level and dimension.

    Raises:
        ValueError: for continuous data.
    """

    def __init__(self, space: Space):
        if not space.discrete:
            raise ValueError("a categorical likelihood needs discrete data, this one holds real numbers")
        self.outputs = space.levels

    def conditional(self, params: Float[Tensor, "*batch levels"]) -> CategoricalConditional:
        return CategoricalConditional(params)
