"""How one uniform number picks a component of a mixture and a quantile within it."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F


def component_and_rest(
    logits: Float[Tensor, "*batch components"], noise: Float[Tensor, "*batch"]
) -> tuple[Int[Tensor, "*batch 1"], Float[Tensor, "*batch 1"]]:
    """The component where the noise falls in the CDF of the weights, and what is left of the noise, again uniform."""
    weights = torch.softmax(logits.double(), -1)
    cdf = weights.cumsum(-1)
    below = F.pad(cdf[..., :-1], (1, 0))
    # Scaled by the last entry, since rounding may leave the noise above it, at a component of no weight.
    noise = noise.double().unsqueeze(-1) * cdf[..., -1:]
    m = (below <= noise).sum(-1, keepdim=True) - 1
    return m, ((noise - below.gather(-1, m)) / weights.gather(-1, m)).clamp(1e-12, 1 - 1e-12)
