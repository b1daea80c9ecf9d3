"""The discretized logistic: the mass of a logistic in the bin of a level (Salimans et al., 2017, section 2.1)."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

# The paper's code has this floor too: a scale of 1/1000 of half the range, narrow for 256 levels.
LOG_SCALE_FLOOR = -7.0
# Far beyond it the mass within the range would no longer be a number of single precision.
LOG_SCALE_CEILING = 20.0


class Logistics(NamedTuple):
    """Components over numbers in [-1, 1]."""

    logits: Float[Tensor, "*batch components"]
    means: Float[Tensor, "*batch components"]
    log_scales: Float[Tensor, "*batch components"]


def logistics(params: Float[Tensor, "*batch outputs"]) -> Logistics:
    """The components that 3 M numbers describe: M logits of weights, M means and M log scales.

    Means are offsets to centers spread over [-1, 1], or all components would stay equal. In single precision at least:
    half of it cannot tell 256 levels apart.
    """
    params = params.to(torch.promote_types(params.dtype, torch.float32))
    logits, offsets, log_scales = params.chunk(3, dim=-1)
    components = logits.shape[-1]
    centers = torch.linspace(-1, 1, components + 2, dtype=params.dtype, device=params.device)[1:-1]
    return Logistics(logits, offsets + centers, log_scales.clamp(LOG_SCALE_FLOOR, LOG_SCALE_CEILING))


def level_numbers(x: Int[Tensor, "*batch"], levels: int, dtype: torch.dtype) -> Float[Tensor, "*batch"]:
    """Levels 0 … levels - 1 as numbers in [-1, 1]."""
    return x.to(dtype) * (2 / (levels - 1)) - 1


def log_bin_mass(
    numbers: Float[Tensor, "*batch"], components: Logistics, levels: int
) -> Float[Tensor, "*batch components"]:
    """log of sigmoid(b) - sigmoid(a), with a and b the edges of a level's bin in units of each component's scale.

    That is log sigmoid(b) + log sigmoid(-a) + log(1 - e^(a - b)), in which nothing cancels. The bins at both ends are
    open: a = -infinity at the lowest level, b = infinity at the highest.
    """
    numbers, half = numbers.unsqueeze(-1), 1 / (levels - 1)
    precision = torch.exp(-components.log_scales)
    below = -F.softplus((components.means - numbers - half) * precision)  # log sigmoid(b)
    above = -F.softplus((numbers - half - components.means) * precision)  # log sigmoid(-a)
    inside = torch.log(-torch.expm1(-2 * half * precision))
    lowest, highest = numbers < half - 1, numbers > 1 - half
    nothing = below.new_zeros(())
    closed = torch.where(lowest | highest, nothing, inside)
    return torch.where(highest, nothing, below) + torch.where(lowest, nothing, above) + closed
