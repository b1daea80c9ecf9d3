"""A mixture of Gaussians in any number of dimensions."""

from functools import cached_property
from math import log, pi

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ar_lab.distributions.base import Distribution, Entropy, sampled_entropy
from ar_lab.distributions.finite import inverted
from ar_lab.space import Space

REACH = 9.0  # standard deviations from a mean beyond which the density is below 1e-17 of its peak
LARGEST_SUM = 2**26  # densities of single components that a quadrature may ask for: some seconds
STEP = 0.25  # of the least standard deviation: the trapezoidal rule converges exponentially on such densities


class GaussianMixture(Distribution):
    """P(x) = sum_m w_m N(x; mu_m, L_m L_m^T).

    The entropy has no closed form: it is a quadrature in one and two dimensions, unless its grid would be too large,
    else a mean over draws.

    Raises:
        ValueError: unless the weights are positive and sum to one, and the factors are lower triangular with positive
            diagonals.
    """

    def __init__(
        self,
        weights: Float[Tensor, " components"],
        means: Float[Tensor, "components dims"],
        factors: Float[Tensor, "components dims dims"],
    ):
        weights, means, factors = weights.double(), means.double(), factors.double()
        if not (weights > 0).all() or abs(float(weights.sum()) - 1) > 1e-9:
            raise ValueError(f"weights={weights.tolist()}: must be positive and sum to 1")
        if not (factors.diagonal(dim1=1, dim2=2) > 0).all() or (factors.triu(1) != 0).any():
            raise ValueError("factors: must be lower triangular with positive diagonals")
        self.space = Space("vector", (means.shape[1],), None)
        self.weights, self.means, self.factors = weights, means, factors

    @classmethod
    def random(cls, dims: int, components: int, spread: float, seed: int) -> "GaussianMixture":
        """Means from N(0, spread^2), deviations of 0.3 to 1 along random axes, weights within a factor of 4."""
        rng = np.random.default_rng(seed)
        means = spread * rng.standard_normal((components, dims))
        axes, _ = np.linalg.qr(rng.standard_normal((components, dims, dims)))
        variances = rng.uniform(0.3, 1.0, (components, 1, dims)) ** 2
        weights = rng.uniform(0.5, 2.0, components)
        factors = np.linalg.cholesky((axes * variances) @ axes.transpose(0, 2, 1))
        return cls(*map(torch.from_numpy, (weights / weights.sum(), means, factors)))

    @property
    def covariances(self) -> Float[Tensor, "components dims dims"]:
        return self.factors @ self.factors.mT

    def log_prob(self, x: Float[Tensor, "examples dims"]) -> Float[Tensor, " examples"]:
        away = x.double() - self.means[:, None]  # components, examples, dims
        z = torch.linalg.solve_triangular(self.factors, away.mT, upper=False)
        volume = self.factors.diagonal(dim1=1, dim2=2).log().sum(1) + 0.5 * self.space.dims * log(2 * pi)
        return torch.logsumexp((self.weights.log() - volume)[:, None] - 0.5 * z.square().sum(1), 0)

    def sample(self, count: int, generator: torch.Generator) -> Float[Tensor, "count dims"]:
        chosen = inverted(self.weights, torch.rand(count, generator=generator, dtype=torch.float64))
        z = torch.randn(count, self.space.dims, 1, generator=generator, dtype=torch.float64)
        return self.means[chosen] + (self.factors[chosen] @ z)[..., 0]

    def entropy(self) -> Entropy:
        return self._entropy

    @cached_property
    def _entropy(self) -> Entropy:
        step, low, high = self._extent()
        if self.space.dims > 2 or len(self.weights) * float(((high - low) / step).prod()) > LARGEST_SUM:
            return sampled_entropy(self)
        return Entropy(self._quadrature(step, low, high), None, "quadrature")

    def _extent(self) -> tuple[float, Float[Tensor, " dims"], Float[Tensor, " dims"]]:
        """The step and the corners of a grid that misses nothing of P."""
        deviations = torch.linalg.eigvalsh(self.covariances).clamp(min=0).sqrt()
        step, reach = STEP * float(deviations.min()), REACH * float(deviations.max())
        return step, self.means.min(0).values - reach, self.means.max(0).values + reach

    def _quadrature(self, step: float, low: Float[Tensor, " dims"], high: Float[Tensor, " dims"]) -> float:
        """-integral of P log P by the trapezoidal rule, a line of the grid at a time."""
        axes = [
            torch.arange(float(a), float(b) + step, step, dtype=torch.float64) for a, b in zip(low, high, strict=True)
        ]
        total = 0.0
        for first in axes[0]:
            rest = torch.cartesian_prod(*axes[1:]).view(-1, len(axes) - 1) if len(axes) > 1 else first.new_empty(1, 0)
            log_p = self.log_prob(torch.cat([first.expand(len(rest), 1), rest], 1))
            total += float(torch.special.entr(log_p.exp()).sum())
        return total * step ** len(axes)
