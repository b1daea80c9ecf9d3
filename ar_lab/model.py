"""The joint distribution: a network and a likelihood multiplied by the chain rule.

log p(x) = sum_i log p(x_i | x_1 … x_{i-1})
"""

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from ar_lab.likelihoods.base import Conditional, Likelihood
from ar_lab.models.network import Condition, Network
from ar_lab.sampling import SAMPLERS
from ar_lab.space import Space


class AutoregressiveModel(nn.Module):
    """p(x) for examples of a space: evaluates and samples the very same conditionals.

    A network may take the dimensions in an `order` of its own; examples and noise lie as the space has them throughout.
    """

    def __init__(self, network: Network, likelihood: Likelihood):
        super().__init__()
        self.network = network
        self.likelihood = likelihood

    @property
    def space(self) -> Space:
        return self.network.space

    def cast(self, x: Shaped[Tensor, "*shape"]) -> Shaped[Tensor, "*shape"]:
        """Stored codes as the network takes them: int64 levels or real numbers of its precision, on its device."""
        return x.to(self.network.device, torch.int64 if self.space.discrete else self.network.dtype)

    def nll(self, x: Shaped[Tensor, "batch dims"], condition: Condition | None = None) -> Float[Tensor, "batch dims"]:
        """-log p(x_i | x_1 … x_{i-1}) of every dimension, in nats; of a space with classes, given the labels."""
        x = self._ordered(x)
        return self._unordered(-self.likelihood.conditional(self.network(x, condition)).log_prob(x))

    def log_prob(self, x: Shaped[Tensor, "batch dims"], condition: Condition | None = None) -> Float[Tensor, " batch"]:
        """log p(x) in nats."""
        return -self.nll(x, condition).sum(-1)

    def draw_noise(self, count: int, generator: torch.Generator | None = None) -> Float[Tensor, "count dims"]:
        """Uniform noise for `count` examples, drawn on the CPU so that every device gets the same."""
        noise = torch.rand(count, self.space.dims, generator=generator, dtype=torch.float64)
        return noise.to(self.network.device)

    def sample(
        self,
        count: int,
        noise: Float[Tensor, "count dims"] | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        condition: Condition | None = None,
        sampler: str = "cached",
    ) -> Shaped[Tensor, "count dims"]:
        """Examples as a deterministic function of the model and uniform noise in [0, 1), one number a dimension."""
        noise = self.draw_noise(count) if noise is None else noise
        return self.complete(None, None, noise, temperature, top_k, top_p, condition, sampler)

    @torch.inference_mode()
    def complete(
        self,
        x: Shaped[Tensor, "count dims"] | None,
        known: Bool[Tensor, " dims"] | None,
        noise: Float[Tensor, "count dims"],
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        condition: Condition | None = None,
        sampler: str = "cached",
    ) -> Shaped[Tensor, "count dims"]:
        """Examples that keep the `known` dimensions of `x` and sample the others given those before them.

        This is a draw from p(unknown | known) when the known dimensions come first in the order.
        """
        fixed = None if known is None else (self._ordered(x), self._ordered(known))
        noise = self._ordered(noise)

        def choose(places: slice, conditional: Conditional) -> Tensor:
            if temperature != 1.0:
                conditional = conditional.tempered(temperature)
            chosen = conditional.sample(noise[:, places])
            if fixed is None:
                return chosen
            values, kept = fixed
            return torch.where(kept[places], values[:, places], chosen)

        count, dims = noise.shape
        start = self.network.start(count, condition)
        return self._unordered(SAMPLERS[sampler](self.network, self.likelihood, start, dims, choose))

    def _ordered(self, x: Shaped[Tensor, "*batch dims"]) -> Shaped[Tensor, "*batch dims"]:
        return x if self.network.order is None else x[..., self.network.order]

    def _unordered(self, x: Shaped[Tensor, "*batch dims"]) -> Shaped[Tensor, "*batch dims"]:
        return x if self.network.order is None else x[..., self.network.order.argsort()]
