"""What a likelihood is: `K` numbers a dimension, turned into one conditional distribution."""

from abc import ABC, abstractmethod

from jaxtyping import Float, Shaped
from torch import Tensor

from ar_lab.space import Space


class Conditional(ABC):
    """The distributions p(x_i | x_1 … x_{i-1}) that a tensor of parameters `(*batch, K)` describes.

    Training, sampling, scoring and coding all ask this one object, so that loss and sampler cannot disagree.
    """

    @abstractmethod
    def log_prob(self, x: Shaped[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """log p(x_i | …) in nats."""

    @abstractmethod
    def sample(self, noise: Float[Tensor, "*batch"]) -> Shaped[Tensor, "*batch"]:
        """The value that uniform `noise` in [0, 1) is mapped to: a deterministic function, by the inverse CDF."""

    @abstractmethod
    def tempered(self, temperature: float) -> "Conditional":
        """The same conditional with its log-probabilities divided by `temperature`, renormalized."""


class DiscreteConditional(Conditional):
    """A conditional over `levels` values, which can be listed."""

    @abstractmethod
    def pmf(self) -> Float[Tensor, "*batch levels"]:
        """The probability of every level; sums to 1 over the last axis."""


class ContinuousConditional(Conditional):
    """A conditional over real numbers, with a density."""

    @abstractmethod
    def cdf(self, x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """P(at most x), in double precision: uniform where the model is right (the probability integral transform)."""


class Likelihood(ABC):
    """A family of conditionals: `outputs` (K) numbers a dimension describe one member."""

    outputs: int
    mixture: int | None = None  # components of a mixture of logistics, whose choice the channels of a pixel may share

    @abstractmethod
    def __init__(self, space: Space): ...

    @abstractmethod
    def conditional(self, params: Float[Tensor, "*batch outputs"]) -> Conditional:
        """The conditionals that `params` describes."""
