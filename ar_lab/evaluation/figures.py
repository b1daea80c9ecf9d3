"""Figures: nats per dimension and what follows from them, each with its standard error, and intervals where asked."""

from math import ceil, exp, log, sqrt
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ar_lab.errors import DivergenceError
from ar_lab.evaluation.bootstrap import DRAWS, mean_interval, percentile_interval, resampled

BLOCK = 1000  # symbols of text that count as one observation of the standard error
LARGEST_EXPONENT = 700  # of what a double can hold


class Mean(NamedTuple):
    """A mean, its standard error and 95 % interval; None where fewer than two observations tell."""

    value: float
    se: float | None
    ci95: list[float] | None = None

    def times(self, factor: float | int) -> "Mean":
        interval = None if self.ci95 is None else [bound * factor for bound in self.ci95]
        return Mean(self.value * factor, None if self.se is None else self.se * factor, interval)

    def exp(self) -> "Mean | None":
        """exp of the mean: its error by the delta method, exp(m) se(m); an interval keeps its probability."""
        bounds = [self.value, *(self.ci95 or [])]
        if not max(bounds) < LARGEST_EXPONENT:
            return None
        interval = None if self.ci95 is None else [exp(bound) for bound in self.ci95]
        return Mean(exp(self.value), None if self.se is None else exp(self.value) * self.se, interval)

    def named(self, name: str) -> dict[str, Any]:
        interval = {} if self.ci95 is None else {f"{name}_ci95": self.ci95}
        return {name: self.value, f"{name}_se": self.se, **interval}


def example_figures(
    nll: Float[Tensor, "examples dims"], discrete: bool = True, intervals: bool = False, seed: int = 0
) -> dict[str, Any]:
    """Figures over independent examples; the standard error is that of their mean.

    The intervals resample the examples (`bootstrap`). Perplexity is of discrete examples alone.
    """
    examples, dims = nll.shape
    per_dim = nll.double().mean(1)
    mean, se = _mean_and_error(per_dim)
    figure = Mean(mean, se, mean_interval(per_dim.numpy(), seed) if intervals else None)
    return {
        **figure.named("nats_per_dim"),
        **figure.times(1 / log(2)).named("bits_per_dim"),
        **figure.times(dims).named("nats_per_example"),
        **(_perplexity(figure) if discrete else {}),
        "examples": examples,
    }


def text_figures(
    nll: Float[Tensor, " length"], symbols: str = "characters", intervals: bool = False, seed: int = 0
) -> dict[str, Any]:
    """Figures of one stream of characters or bytes.

    Neighbors depend on each other, so errors and intervals are over blocks of 1,000 symbols.
    """
    unit = {"characters": "char", "bytes": "byte"}[symbols]
    nll = nll.double()
    blocks = nll[: len(nll) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(1)
    figure = Mean(float(nll.mean()), _mean_and_error(blocks)[1], block_interval(nll, seed) if intervals else None)
    return {
        **figure.named("nats_per_dim"),
        **figure.times(1 / log(2)).named(f"bits_per_{unit}"),
        **_perplexity(figure),
        symbols: len(nll),
    }


def total_figures(nll: Float[Tensor, "*shape"], discrete: bool) -> dict[str, Any]:
    """-log p of all that was scored, the sum over its points; where discrete, the bytes of an ideal code for it."""
    total = float(nll.double().sum())
    return {"nats_total": total, **({"code_bytes": ceil(total / (8 * log(2)))} if discrete else {})}


def block_interval(nll: Float[Tensor, " length"], seed: int = 0) -> list[float] | None:
    """The 95 % bootstrap interval of nats a symbol over blocks of 1,000, the last as short as it comes.

    None for fewer than two whole blocks.
    """
    if len(nll) < 2 * BLOCK:
        return None
    blocks = nll.double().split(BLOCK)
    sums = np.array([float(block.sum()) for block in blocks])
    sizes = np.array([len(block) for block in blocks])
    draws = resampled(lambda chosen: sums[chosen].sum(1) / sizes[chosen].sum(1), len(blocks), seed, DRAWS)
    return percentile_interval(draws)


def check_finite(part: str, nll: Float[Tensor, "*shape"]) -> None:
    """Raises DivergenceError when the nats of a part, which may be empty, have no finite mean."""
    mean = nll.double().mean()
    if nll.numel() and not mean.isfinite():
        bad = int((~nll.isfinite()).sum())
        raise DivergenceError(
            f"the {part} figure is {mean.item()} nats per dimension, for {bad:,} of {nll.numel():,} dimensions have no "
            f"finite likelihood: training diverged, or the part holds a value too far out for float32"
        )


def _perplexity(figure: Mean) -> dict[str, Any]:
    perplexity = figure.exp()
    return {"perplexity": None} if perplexity is None else perplexity.named("perplexity")


def _mean_and_error(values: Float[Tensor, " n"]) -> tuple[float, float | None]:
    """The mean and its standard error, which a single value does not have."""
    n = len(values)
    mean = float(values.mean()) if n else float("nan")
    return mean, float(values.std()) / sqrt(n) if n > 1 else None
