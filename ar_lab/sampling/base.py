"""What a sampler is: a way to visit all conditionals, each given the values chosen before it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from ar_lab.likelihoods.base import Conditional, Likelihood
from ar_lab.models.network import Condition, Network

# The values of some places from their conditionals `(batch, places)`: what is known is kept, noise decides the rest.
Choose = Callable[[slice, Conditional], Shaped[Tensor, "batch places"]]


class Drawn(NamedTuple):
    """The values of the next places, which stay as they are."""

    places: slice | Int[Tensor, " places"]  # from a sampler in the network's order; from a model the dimensions
    values: Shaped[Tensor, "batch places"]
    passes: int  # calls of the network that it took


class Unrolling(NamedTuple):
    """What is to be drawn: `places` values a row, of which the first are known, in the network's order."""

    network: Network
    likelihood: Likelihood
    condition: Condition | None
    known: Shaped[Tensor, "batch known"]  # of no width when nothing is
    places: int
    choose: Choose

    def start(self) -> Any:
        return self.network.start(len(self.known), self.condition)

    def resume(self) -> Any:
        """The network's state behind the known places, which one pass takes in."""
        if self.known.shape[1] == 0:
            return self.start()
        return self.network.extend(self.known, self.start())[1]

    def chosen(self, places: slice, params: Float[Tensor, "batch places outputs"]) -> Shaped[Tensor, "batch places"]:
        return self.choose(places, self.likelihood.conditional(params))

    def blank(self, places: int) -> Shaped[Tensor, "batch places"]:
        """Room for values that are not known yet."""
        discrete, network = self.network.space.discrete, self.network
        dtype = torch.int64 if discrete else network.dtype
        return torch.zeros(len(self.known), places, dtype=dtype, device=network.device)


Sampler = Callable[[Unrolling], Iterator[Drawn]]
