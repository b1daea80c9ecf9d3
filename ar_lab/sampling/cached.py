"""One step a dimension, from the network's caches."""

from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from ar_lab.likelihoods.base import Likelihood
from ar_lab.models.network import Network
from ar_lab.sampling.base import Choose


def cached(
    network: Network, likelihood: Likelihood, state: Any, dims: int, choose: Choose
) -> Shaped[Tensor, "batch dims"]:
    """Walks the chain rule one dimension at a time: x_i = choose(i, p(x_i | x_1 … x_{i-1}))."""
    previous, chosen = None, []
    for i in range(dims):
        params, state = network.step(previous, state)
        previous = choose(slice(i, i + 1), likelihood.conditional(params.unsqueeze(1))).squeeze(1)
        chosen.append(previous)
    return torch.stack(chosen, dim=1)
