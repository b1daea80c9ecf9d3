"""A ring in the plane, all round alike or with petals."""

from functools import cached_property
from math import exp, log, pi, sqrt

import torch
from jaxtyping import Float
from scipy.integrate import quad
from torch import Tensor

from ar_lab.distributions.base import Distribution, Entropy
from ar_lab.space import Space


class Ring(Distribution):
    """p(x, y) = p(r) p(theta) / r: the radius is N(radius, width^2) above 0, the angle (1 + a cos m theta) / 2 pi.

    H(P) = H(r) + E[log r] + H(theta), of which E[log r] is a quadrature. Modulation a in 0..1 makes m petals.

    Raises:
        ValueError: for a width that is not below half the radius, where the density at 0 would count.
    """

    def __init__(self, radius: float, width: float, modulation: float = 0.0, petals: int = 3):
        if not 0 < width < radius / 2:
            raise ValueError(f"width={width} with radius={radius}: must be greater than 0 and less than radius / 2")
        if not 0 <= modulation <= 1 or petals < 1:
            raise ValueError(f"modulation={modulation}, petals={petals}: needs 0..1, and 1 petal or more")
        self.space = Space("vector", (2,), None)
        self.radius, self.width, self.modulation, self.petals = radius, width, modulation, petals

    @cached_property
    def _outside(self) -> float:
        """What the normal distribution of the radius has below 0."""
        return float(torch.special.ndtr(torch.tensor(-self.radius / self.width, dtype=torch.float64)))

    def _log_radius(self, r: Float[Tensor, " examples"]) -> Float[Tensor, " examples"]:
        z = (r - self.radius) / self.width
        return -0.5 * z.square() - log(self.width * sqrt(2 * pi) * (1 - self._outside))

    def log_prob(self, x: Float[Tensor, "examples 2"]) -> Float[Tensor, " examples"]:
        x = x.double()
        r, angle = x.norm(dim=1), torch.atan2(x[:, 1], x[:, 0])
        return self._log_radius(r) + (self.modulation * (self.petals * angle).cos()).log1p() - log(2 * pi) - r.log()

    def sample(self, count: int, generator: torch.Generator) -> Float[Tensor, "count 2"]:
        uniform = torch.rand(3, count, generator=generator, dtype=torch.float64)
        r = self.radius + self.width * torch.special.ndtri(self._outside + (1 - self._outside) * uniform[0])
        angle = 2 * pi * uniform[1]
        # A uniform angle is turned by half a petal, which changes the sign of the cosine, as often as makes up the law.
        turned = 2 * uniform[2] >= 1 + self.modulation * (self.petals * angle).cos()
        angle = angle + turned * pi / self.petals
        return torch.stack([r * angle.cos(), r * angle.sin()], 1)

    def entropy(self) -> Entropy:
        return Entropy(self._entropy, None, "quadrature")

    @cached_property
    def _entropy(self) -> float:
        def weighed(r: float) -> float:
            log_p = float(self._log_radius(torch.tensor([r], dtype=torch.float64)))
            return exp(log_p) * (log(r) - log_p)

        near, far = max(0.0, self.radius - 12 * self.width), self.radius + 12 * self.width
        of_radius, _ = quad(weighed, near, far, points=[self.radius], epsabs=1e-12, epsrel=1e-12, limit=200)
        root = sqrt(1 - self.modulation**2)
        return of_radius + log(2 * pi) - log((1 + root) / 2) - (1 - root)  # the angle's entropy in closed form
