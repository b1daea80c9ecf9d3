"""The bootstrap: intervals of figures over examples by drawing the examples anew (Efron, 1979)."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int64

DRAWS = 2000
LEVEL = 0.95
AT_ONCE = 2**22  # indices drawn at once


def resamples(count: int, draws: int, rng: np.random.Generator) -> Int64[np.ndarray, "draws count"]:
    """Indices of `draws` resamples of `count` examples, with replacement."""
    return rng.integers(0, count, (draws, count))


def percentile_interval(statistics: Float[np.ndarray, " draws"]) -> list[float]:
    """The central 95 % of resampled statistics."""
    tail = (1 - LEVEL) / 2
    return [float(bound) for bound in np.quantile(statistics, [tail, 1 - tail])]


def mean_interval(values: Float[np.ndarray, " count"], seed: int = 0, draws: int = DRAWS) -> list[float] | None:
    """The 95 % percentile interval of a mean over independent examples; None for fewer than two."""
    if len(values) < 2:
        return None
    return percentile_interval(resampled(lambda indices: values[indices].mean(1), len(values), seed, draws))


def resampled(
    statistic: Callable[[Int64[np.ndarray, "some count"]], Float[np.ndarray, " some"]],
    count: int,
    seed: int,
    draws: int,
) -> Float[np.ndarray, " draws"]:
    """A statistic of every resample, by a function of rows of indices: a few resamples at a time, for memory's sake."""
    rng, each, found = np.random.default_rng(seed), max(1, AT_ONCE // count), []
    for begin in range(0, draws, each):
        found.append(statistic(resamples(count, min(each, draws - begin), rng)))
    return np.concatenate(found)
