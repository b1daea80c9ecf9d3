"""What a sampler is: a way to visit all conditionals, each given the values chosen before it."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Shaped
from torch import Tensor

from ar_lab.likelihoods.base import Conditional, Likelihood
from ar_lab.models.network import Network

# The values of some places from their conditionals `(batch, places)`: what is known is kept, noise decides the rest.
Choose = Callable[[slice, Conditional], Shaped[Tensor, "batch places"]]
# From the network's state before the first place to all values.
Sampler = Callable[[Network, Likelihood, Any, int, Choose], Shaped[Tensor, "batch dims"]]
