"""Mixtures of Student's t for real numbers with heavy tails (Peel and McLachlan, 2000)."""

from math import pi

import torch
from jaxtyping import Float
from scipy.special import stdtr, stdtrit
from torch import Tensor
from torch.nn import functional as F

from ar_lab.likelihoods.base import ContinuousConditional, Likelihood
from ar_lab.likelihoods.mixture import component_and_rest
from ar_lab.space import Space

# In standardized units. Without a floor the density of a repeated value has no maximum (Bishop, 2006, section 9.2.1).
SCALE_FLOOR = 1e-3
FREEDOM_FLOOR = 2.0  # above it the variance is finite, as standardized data have it


class StudentMixtureConditional(ContinuousConditional):
    """p(x) = sum_m w_m C_m (1 + z_m^2 / nu_m)^(-(nu_m + 1) / 2) with z_m = (x - mean_m) / scale_m."""

    def __init__(
        self,
        logits: Float[Tensor, "*batch components"],
        means: Float[Tensor, "*batch components"],
        scales: Float[Tensor, "*batch components"],
        freedom: Float[Tensor, "*batch components"],
    ):
        self.logits, self.means, self.scales, self.freedom = logits, means, scales, freedom

    def log_prob(self, x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        z = (x.unsqueeze(-1) - self.means) / self.scales
        tails = -0.5 * (self.freedom + 1) * torch.log1p(z.square() / self.freedom)
        components = log_normalizer(self.scales, self.freedom) + tails
        return torch.logsumexp(torch.log_softmax(self.logits, -1) + components, dim=-1)

    def sample(self, noise: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """The noise picks a component by its weights' CDF; what is left of it, again uniform, picks the quantile."""
        m, rest = component_and_rest(self.logits, noise)
        freedom = self.freedom.detach().gather(-1, m).double().cpu().numpy()
        quantile = torch.from_numpy(stdtrit(freedom, rest.detach().cpu().numpy())).to(self.means)
        return (self.means.gather(-1, m) + self.scales.gather(-1, m) * quantile).squeeze(-1)

    def cdf(self, x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        z = (x.unsqueeze(-1).double() - self.means) / self.scales
        below = stdtr(*(part.detach().double().cpu().numpy() for part in (self.freedom, z)))
        return (torch.softmax(self.logits.double(), -1) * torch.from_numpy(below).to(z.device)).sum(-1)

    def tempered(self, temperature: float) -> "StudentMixtureConditional":
        """Every component tempered on its own, which is exact for one component or well-separated ones.

        A tempered t is a t of (nu + 1) / T - 1 degrees of freedom, and its weight takes on its area.

        Raises:
            ValueError: when the temperature makes of some component's tails no density.
        """
        freedom = (self.freedom + 1) / temperature - 1
        if freedom.min() <= 0:
            limit = self.freedom.min().item() + 1
            raise ValueError(f"temperature={temperature}: these tails of Student's t need one below {limit:.3g}")
        scales = self.scales * (self.freedom / freedom).sqrt()
        area = log_normalizer(self.scales, self.freedom) / temperature - log_normalizer(scales, freedom)
        return StudentMixtureConditional(self.logits / temperature + area, self.means, scales, freedom)


def log_normalizer(
    scales: Float[Tensor, "*batch components"], freedom: Float[Tensor, "*batch components"]
) -> Float[Tensor, "*batch components"]:
    """log C, in which two large numbers cancel: in double precision."""
    nu = freedom.double()
    log_ratio = torch.lgamma((nu + 1) / 2) - torch.lgamma(nu / 2) - 0.5 * (nu * pi).log()
    return log_ratio.to(freedom.dtype) - scales.log()


class StudentMixture(Likelihood):
    """`components` weights, means, scales and degrees of freedom a dimension.

    Raises:
        ValueError: for discrete data.
    """

    def __init__(self, space: Space, components: int = 5):
        if space.discrete:
            raise ValueError(f"a mixture of Student's t needs real numbers, the data has {space.levels} levels")
        self.components = components
        self.outputs = 4 * components

    def conditional(self, params: Float[Tensor, "*batch outputs"]) -> StudentMixtureConditional:
        logits, means, scales, freedom = params.unflatten(-1, (4, self.components)).unbind(-2)
        # Spread over the standardized range at the start, or all components would stay equal.
        centers = torch.linspace(-1.5, 1.5, self.components + 2, dtype=params.dtype, device=params.device)[1:-1]
        return StudentMixtureConditional(
            logits, means + centers, F.softplus(scales) + SCALE_FLOOR, F.softplus(freedom) + FREEDOM_FLOOR
        )
