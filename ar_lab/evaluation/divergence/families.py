"""The families Q: a Gaussian, tables of conditionals (of order 0: factorized), and any model of the lab."""

from abc import ABC, abstractmethod
from math import log, pi

import torch
from jaxtyping import Float64, Int64, Shaped
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ar_lab.distributions.base import Distribution
from ar_lab.model import AutoregressiveModel
from ar_lab.space import Space

DRAWS = 4096  # of P, by which a Gaussian begins near it
AT_ONCE = 4096  # examples whose activations are held for the gradient


class Family(nn.Module, ABC):
    """Q with parameters in float64."""

    reparametrized = False  # True: samples carry the gradient of the parameters

    @abstractmethod
    def log_prob(self, x: Shaped[Tensor, "examples dims"]) -> Float64[Tensor, " examples"]:
        """log Q(x) in nats."""

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator) -> Shaped[Tensor, "count dims"]:
        """Independent draws."""


class Gaussian(Family):
    """N(mean, L L^T), with a diagonal L for independent variables; the diagonal of L is positive by exp."""

    reparametrized = True

    def __init__(self, mean: Float64[Tensor, " dims"], scale: Float64[Tensor, " dims"], diagonal: bool = False):
        super().__init__()
        self.mean = nn.Parameter(mean.clone())
        self.log_scale = nn.Parameter(scale.log())
        self.below = None if diagonal else nn.Parameter(torch.zeros(len(mean), len(mean), dtype=torch.float64))

    @property
    def factor(self) -> Float64[Tensor, "dims dims"]:
        """L, lower triangular."""
        scales = self.log_scale.exp().diag()
        return scales if self.below is None else scales + self.below.tril(-1)

    def log_prob(self, x: Shaped[Tensor, "examples dims"]) -> Float64[Tensor, " examples"]:
        standard = torch.linalg.solve_triangular(self.factor, (x - self.mean).T, upper=False)
        return -(standard.square().sum(0) + len(self.mean) * log(2 * pi)) / 2 - self.log_scale.sum()

    def sample(self, count: int, generator: torch.Generator) -> Float64[Tensor, "count dims"]:
        noise = torch.randn(count, len(self.mean), generator=generator, dtype=torch.float64)
        return self.mean + noise @ self.factor.T


class Tables(Family):
    """prod_i q_i(x_i | the `order` dimensions before it): a free table a dimension; of order 0 factorized.

    What it takes from before the first dimension is level 0.
    """

    def __init__(self, space: Space, order: int, generator: torch.Generator):
        super().__init__()
        self.space, self.order = space, min(order, space.dims - 1)
        shape = space.dims, space.levels**self.order, space.levels
        self.logits = nn.Parameter(torch.randn(shape, generator=generator, dtype=torch.float64))

    def log_prob(self, x: Shaped[Tensor, "examples dims"]) -> Float64[Tensor, " examples"]:
        x = x.long()
        contexts = self._contexts(x)[:, :-1]
        return self.logits.log_softmax(-1)[torch.arange(self.space.dims), contexts, x].sum(1)

    def _contexts(self, x: Int64[Tensor, "examples some"]) -> Int64[Tensor, "examples some+1"]:
        """The rows of the tables of these dimensions and the next: the levels before each as the digits of a number."""
        digits = self.space.levels ** torch.arange(self.order).flip(0)
        return (F.pad(x, (self.order, 0)).unfold(1, self.order, 1) * digits).sum(-1)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Int64[Tensor, "count dims"]:
        x = torch.zeros(count, 0, dtype=torch.int64)
        for table in self.logits.softmax(-1):
            drawn = table[self._contexts(x)[:, -1]].multinomial(1, generator=generator)
            x = torch.cat([x, drawn], dim=1)
        return x


class Modeled(Family):
    """A model of the lab, evaluated as it is without dropout."""

    def __init__(self, model: AutoregressiveModel):
        super().__init__()
        self.model = model.double().eval()

    def log_prob(self, x: Shaped[Tensor, "examples dims"]) -> Float64[Tensor, " examples"]:
        parts = self.model.cast(x).split(AT_ONCE)
        if len(parts) == 1:
            return self.model.log_prob(parts[0])
        return torch.cat([checkpoint(self.model.log_prob, part, use_reentrant=False) for part in parts])

    def sample(self, count: int, generator: torch.Generator) -> Shaped[Tensor, "count dims"]:
        # A copy made outside of inference mode, for gradients run through what is done with it.
        return self.model.sample(count, self.model.draw_noise(count, generator)).clone()


def gaussian_near(distribution: Distribution, diagonal: bool, generator: torch.Generator) -> Gaussian:
    """A Gaussian that begins at a draw of P with a random part of its extent: every mode is begun at by some."""
    x = distribution.sample(DRAWS, generator).double()
    part = 0.2 + 0.8 * torch.rand((), generator=generator, dtype=torch.float64)
    return Gaussian(x[0], part * x.std(0), diagonal)
