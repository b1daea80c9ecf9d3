"""The joint distribution: a network and a likelihood multiplied by the chain rule, and the one loop that unrolls it.

log p(x) = sum_i log p(x_i | x_1 … x_{i-1})
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from ar_lab.likelihoods.base import Conditional, Likelihood
from ar_lab.models.network import Network
from ar_lab.space import Space

Choose = Callable[[int, Conditional], Tensor]


def unroll(
    network: Network, likelihood: Likelihood, batch_size: int, dims: int, choose: Choose
) -> Shaped[Tensor, "batch dims"]:
    """Walks the chain rule one dimension at a time: x_i = choose(i, p(x_i | x_1 … x_{i-1}))."""
    state, previous, chosen = network.start(batch_size), None, []
    for i in range(dims):
        params, state = network.step(previous, state)
        previous = choose(i, likelihood.conditional(params))
        chosen.append(previous)
    return torch.stack(chosen, dim=1)


class AutoregressiveModel(nn.Module):
    """p(x) for examples of a space: evaluates and samples the very same conditionals."""

    def __init__(self, network: Network, likelihood: Likelihood):
        super().__init__()
        self.network = network
        self.likelihood = likelihood

    @property
    def space(self) -> Space:
        return self.network.space

    def cast(self, x: Shaped[Tensor, "*shape"]) -> Shaped[Tensor, "*shape"]:
        """Stored codes as the network takes them: int64 levels or real numbers of its precision, on its device."""
        parameter = next(self.network.parameters())
        return x.to(parameter.device, torch.int64 if self.space.discrete else parameter.dtype)

    def nll(self, x: Shaped[Tensor, "batch dims"]) -> Float[Tensor, "batch dims"]:
        """-log p(x_i | x_1 … x_{i-1}) of every dimension, in nats."""
        return -self.likelihood.conditional(self.network(x)).log_prob(x)

    def log_prob(self, x: Shaped[Tensor, "batch dims"]) -> Float[Tensor, " batch"]:
        """log p(x) in nats."""
        return -self.nll(x).sum(-1)

    def draw_noise(self, count: int, generator: torch.Generator | None = None) -> Float[Tensor, "count dims"]:
        """Uniform noise for `count` examples, drawn on the CPU so that every device gets the same."""
        noise = torch.rand(count, self.space.dims, generator=generator, dtype=torch.float64)
        return noise.to(self.network.device)

    @torch.inference_mode()
    def sample(self, noise: Float[Tensor, "count dims"], temperature: float = 1.0) -> Shaped[Tensor, "count dims"]:
        """Examples as a deterministic function of the model and uniform noise in [0, 1), one number a dimension."""
        return self.complete(None, None, noise, temperature)

    @torch.inference_mode()
    def complete(
        self,
        x: Shaped[Tensor, "count dims"] | None,
        known: Bool[Tensor, " dims"] | None,
        noise: Float[Tensor, "count dims"],
        temperature: float = 1.0,
    ) -> Shaped[Tensor, "count dims"]:
        """Examples that keep the `known` dimensions of `x` and sample the others given those before them.

        This is a draw from p(unknown | known) when the known dimensions come first in the order.
        """

        def choose(i: int, conditional: Conditional) -> Tensor:
            if known is not None and known[i]:
                return x[:, i]
            if temperature != 1.0:
                conditional = conditional.tempered(temperature)
            return conditional.sample(noise[:, i])

        count, dims = noise.shape
        return unroll(self.network, self.likelihood, count, dims, choose)
