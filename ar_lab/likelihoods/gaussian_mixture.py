"""Mixtures of Gaussians for real numbers (Bishop, 1994, Mixture Density Networks; Uria et al., 2013, RNADE)."""

from math import log, pi

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ar_lab.likelihoods.base import ContinuousConditional, Likelihood
from ar_lab.likelihoods.mixture import component_and_rest
from ar_lab.space import Space

# In standardized units. Without a floor the density of a repeated value has no maximum (Bishop, 2006, section 9.2.1).
SCALE_FLOOR = 1e-3


class GaussianMixtureConditional(ContinuousConditional):
    """p(x) = sum_m w_m N(x; mean_m, scale_m^2)."""

    def __init__(
        self,
        logits: Float[Tensor, "*batch components"],
        means: Float[Tensor, "*batch components"],
        scales: Float[Tensor, "*batch components"],
    ):
        self.logits, self.means, self.scales = logits, means, scales

    def log_prob(self, x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        z = (x.unsqueeze(-1) - self.means) / self.scales
        components = -0.5 * (z.square() + log(2 * pi)) - self.scales.log()
        return torch.logsumexp(torch.log_softmax(self.logits, -1) + components, dim=-1)

    def sample(self, noise: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """The noise picks a component by its weights' CDF; what is left of it, again uniform, picks the quantile."""
        m, rest = component_and_rest(self.logits, noise)
        quantile = torch.special.ndtri(rest).to(self.means.dtype)
        return (self.means.gather(-1, m) + self.scales.gather(-1, m) * quantile).squeeze(-1)

    def cdf(self, x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        z = (x.unsqueeze(-1).double() - self.means) / self.scales
        return (torch.softmax(self.logits.double(), -1) * torch.special.ndtr(z)).sum(-1)

    def tempered(self, temperature: float) -> "GaussianMixtureConditional":
        """Every component tempered on its own, which is exact for one component or well-separated ones.

        A weight is tempered with the area of its component: N^(1/T) has an area proportional to scale^(1 - 1/T).
        """
        logits = self.logits / temperature + (1 - 1 / temperature) * self.scales.log()
        return GaussianMixtureConditional(logits, self.means, self.scales * temperature**0.5)


class GaussianMixture(Likelihood):
    """`components` weights, means and scales a dimension.

    Raises:
        ValueError: for discrete data.
    """

    def __init__(self, space: Space, components: int = 5):
        if space.discrete:
            raise ValueError(f"a Gaussian mixture needs real numbers, the data has {space.levels} levels")
        self.components = components
        self.outputs = 3 * components

    def conditional(self, params: Float[Tensor, "*batch outputs"]) -> GaussianMixtureConditional:
        logits, means, scales = params.unflatten(-1, (3, self.components)).unbind(-2)
        # Spread over the standardized range at the start, or all components would stay equal.
        centers = torch.linspace(-1.5, 1.5, self.components + 2, dtype=params.dtype, device=params.device)[1:-1]
        return GaussianMixtureConditional(logits, means + centers, F.softplus(scales) + SCALE_FLOOR)
