"""Discretized mixtures of logistics for ordered levels (Salimans et al., 2017, PixelCNN++, section 2.1)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ar_lab.layers.logistic import Logistics, level_numbers, log_bin_mass, logistics
from ar_lab.likelihoods.base import DiscreteConditional, Likelihood
from ar_lab.likelihoods.categorical import CategoricalConditional
from ar_lab.space import Space

# Less than any uniform number that is not 0, which itself would fall on levels whose probability has underflowed.
LEAST_NOISE = 2.0**-60


class LogisticMixtureConditional(DiscreteConditional):
    """p(x = k) = sum_m w_m (F_m(edge above k) - F_m(edge below k)), with F_m the CDF of a logistic."""

    def __init__(self, components: Logistics, levels: int):
        self.components, self.levels = components, levels

    def log_prob(self, x: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        means = self.components.means
        masses = log_bin_mass(level_numbers(x, self.levels, means.dtype), self.components, self.levels)
        return torch.logsumexp(torch.log_softmax(self.components.logits, -1) + masses, dim=-1)

    def sample(self, noise: Float[Tensor, "*batch"]) -> Int[Tensor, "*batch"]:
        """The least level whose CDF exceeds the noise, by bisection."""
        noise = noise.double().clamp(min=LEAST_NOISE)
        components = Logistics(*(part.double() for part in self.components))
        low = torch.zeros_like(noise, dtype=torch.long)
        high = torch.full_like(low, self.levels - 1)
        for _ in range((self.levels - 1).bit_length()):
            middle = (low + high) // 2
            beyond = _cdf(middle, components, self.levels) <= noise
            low, high = torch.where(beyond & (low < high), middle + 1, low), torch.where(beyond, high, middle)
        return low

    def tempered(self, temperature: float) -> CategoricalConditional:
        return CategoricalConditional(self._log_pmf()).tempered(temperature)

    def pmf(self) -> Float[Tensor, "*batch levels"]:
        return self._log_pmf().exp()

    def _log_pmf(self) -> Float[Tensor, "*batch levels"]:
        spread = LogisticMixtureConditional(Logistics(*(part.unsqueeze(-2) for part in self.components)), self.levels)
        shape = (*self.components.means.shape[:-1], self.levels)
        return spread.log_prob(torch.arange(self.levels, device=self.components.means.device).expand(shape))


def _cdf(x: Int[Tensor, "*batch"], components: Logistics, levels: int) -> Float[Tensor, "*batch"]:
    """P(at most x), below the highest level."""
    edges = level_numbers(x, levels, components.means.dtype).unsqueeze(-1) + 1 / (levels - 1)
    below = torch.sigmoid((edges - components.means) * torch.exp(-components.log_scales))
    return (torch.softmax(components.logits, -1) * below).sum(-1)


class LogisticMixture(Likelihood):
    """`components` weights, means and log scales a dimension, for levels in an order, such as gray values.

    Raises:
        ValueError: for real numbers, and for a sequence, whose symbols have no order.
    """

    def __init__(self, space: Space, components: int = 5):
        if not space.discrete:
            raise ValueError("a discretized mixture of logistics needs levels, this data holds real numbers")
        if space.kind == "sequence":
            raise ValueError("a discretized mixture of logistics needs levels in an order, a sequence has symbols")
        self.mixture = components
        self.levels = space.levels
        self.outputs = 3 * components

    def conditional(self, params: Float[Tensor, "*batch outputs"]) -> LogisticMixtureConditional:
        return LogisticMixtureConditional(logistics(params), self.levels)
