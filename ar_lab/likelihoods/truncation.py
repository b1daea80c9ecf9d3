"""Truncated conditionals: the likeliest levels alone, renormalized."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ar_lab.likelihoods.base import Conditional, DiscreteConditional
from ar_lab.likelihoods.categorical import CategoricalConditional


def truncated(conditional: Conditional, top_k: int | None, top_p: float | None) -> CategoricalConditional:
    """The `top_k` likeliest levels (Fan et al., 2018); of these, the fewest that together have `top_p` of the
    probability (Holtzman et al., 2020, the nucleus). Of equally likely levels the lower goes first.

    Raises:
        ValueError: for a conditional of real numbers, which has no levels to rank.
    """
    if not isinstance(conditional, DiscreteConditional):
        raise ValueError("top_k, top_p: they rank levels, and the data has real numbers; use temperature")
    pmf = conditional.pmf()
    return CategoricalConditional(pmf.log().masked_fill(~_kept(pmf, top_k, top_p), -torch.inf))


def _kept(pmf: Float[Tensor, "*batch levels"], top_k: int | None, top_p: float | None) -> Bool[Tensor, "*batch levels"]:
    ranked, levels = pmf.double().sort(dim=-1, descending=True, stable=True)
    kept = torch.arange(pmf.shape[-1], device=pmf.device).expand_as(levels) < (top_k or pmf.shape[-1])
    if top_p is not None:
        ranked = ranked * kept
        before = ranked.cumsum(-1) - ranked
        kept = kept & (before < top_p * ranked.sum(-1, keepdim=True))
    return torch.zeros_like(kept).scatter(-1, levels, kept)
