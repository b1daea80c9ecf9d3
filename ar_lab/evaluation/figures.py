"""Figures: nats per dimension and what follows from them, each with its standard error."""

from math import exp, log, sqrt

from jaxtyping import Float
from torch import Tensor

from ar_lab.errors import DivergenceError

BLOCK = 1000  # symbols of text that count as one observation of the standard error


def example_figures(nll: Float[Tensor, "examples dims"]) -> dict[str, float | int | None]:
    """Figures over independent examples; the standard error is that of their mean."""
    examples, dims = nll.shape
    per_dim = nll.double().mean(1)
    mean, se = _mean_and_error(per_dim)
    return {
        "nats_per_dim": mean,
        "nats_per_dim_se": se,
        "bits_per_dim": mean / log(2),
        "bits_per_dim_se": None if se is None else se / log(2),
        "nats_per_example": mean * dims,
        "nats_per_example_se": None if se is None else se * dims,
        "examples": examples,
    }


def text_figures(nll: Float[Tensor, " length"], symbols: str = "characters") -> dict[str, float | int | None]:
    """Figures of one stream of characters or bytes.

    Neighbors depend on each other, so the standard error is over blocks of 1,000 symbols.
    """
    unit = {"characters": "char", "bytes": "byte"}[symbols]
    mean = float(nll.double().mean())
    blocks = nll.double()[: len(nll) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(1)
    se = _mean_and_error(blocks)[1]
    return {
        "nats_per_dim": mean,
        "nats_per_dim_se": se,
        f"bits_per_{unit}": mean / log(2),
        f"bits_per_{unit}_se": None if se is None else se / log(2),
        "perplexity": exp(mean) if mean < 700 else None,
        symbols: len(nll),
    }


def check_finite(part: str, nll: Float[Tensor, "*shape"]) -> None:
    """Raises DivergenceError when the nats of a part, which may be empty, have no finite mean."""
    mean = nll.double().mean()
    if nll.numel() and not mean.isfinite():
        bad = int((~nll.isfinite()).sum())
        raise DivergenceError(
            f"the {part} figure is {mean.item()} nats per dimension, for {bad:,} of {nll.numel():,} dimensions have no "
            f"finite likelihood: training diverged, or the part holds a value too far out for float32"
        )


def _mean_and_error(values: Float[Tensor, " n"]) -> tuple[float, float | None]:
    """The mean and its standard error, which a single value does not have."""
    n = len(values)
    mean = float(values.mean()) if n else float("nan")
    return mean, float(values.std()) / sqrt(n) if n > 1 else None
