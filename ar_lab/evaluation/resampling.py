"""Resampling: what figures over folds, repeats and seeds say of a learning procedure, with intervals and tests.

The figures of J splits are not independent, for their training sets overlap. The corrected resampled t of Nadeau and
Bengio (Machine Learning 52, 2003, section 3, equation 9) takes the variance of their mean for (1/J + n_test/n_train)
std^2, with J - 1 degrees of freedom. numpy and scipy.special alone: a summary must not wait for its imports.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True)
class Estimate:
    """A mean over splits; what too few of them cannot tell is None."""

    mean: float | None
    std: float | None
    se: float | None
    ci95: list[float] | None


@dataclass(frozen=True)
class Comparison:
    """The mean of paired differences and the two-sided p of its being zero; None where fewer than two splits tell."""

    difference: float | None
    ci95: list[float] | None
    p: float | None


def split_means(figures: Sequence[float], splits: Sequence[Hashable]) -> Float[np.ndarray, " j"]:
    """A figure a split, in the order in which they come: its seeds share all their data, and are averaged."""
    of_split: dict[Hashable, list[float]] = {}
    for split, figure in zip(splits, figures, strict=True):
        of_split.setdefault(split, []).append(figure)
    return np.array([np.mean(group) for group in of_split.values()], dtype=float)


def estimate(figures: Sequence[float], splits: Sequence[Hashable], test_to_train: float | None) -> Estimate:
    """Mean, standard deviation, std/√J, and the 95 % interval by the corrected resampled t, over the means of J splits.

    `splits` names the split of each figure. `test_to_train` is n_test/n_train; 0 for independent figures; None: no
    interval.
    """
    means = split_means(figures, splits)
    mean = float(means.mean()) if len(means) else None
    if len(means) < 2:
        return Estimate(mean, None, None, None)
    std = float(means.std(ddof=1))
    return Estimate(mean, std, std / len(means) ** 0.5, _interval(means, test_to_train))


def compare(differences: Sequence[float], splits: Sequence[Hashable], test_to_train: float | None) -> Comparison:
    """The corrected t on paired differences, averaged by split as in `estimate`.

    When all are equal there is no spread to judge by: p is then 1 if they are zero, and else 0.
    """
    means = split_means(differences, splits)
    mean = float(means.mean()) if len(means) else None
    ci95 = _interval(means, test_to_train)
    if ci95 is None or test_to_train is None:
        return Comparison(mean, None, None)
    scale = _scale(means, test_to_train)
    if scale == 0:
        return Comparison(mean, ci95, float(mean == 0))
    return Comparison(mean, ci95, float(2 * stdtr(len(means) - 1, -abs(means.mean()) / scale)))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (1979) over the p-values that there are.

    p_(k) becomes max over i <= k of min(1, (m - i + 1) p_(i)), the p in ascending order.
    """
    order = sorted((k for k, p in enumerate(p_values) if p is not None), key=lambda k: p_values[k])
    adjusted: list[float | None] = [None] * len(p_values)
    greatest = 0.0
    for rank, k in enumerate(order):
        greatest = max(greatest, min(1.0, (len(order) - rank) * p_values[k]))
        adjusted[k] = greatest
    return adjusted


def _interval(means: Float[np.ndarray, " j"], test_to_train: float | None) -> list[float] | None:
    if test_to_train is None or len(means) < 2:
        return None
    half = float(stdtrit(len(means) - 1, 0.975)) * _scale(means, test_to_train)
    return [float(means.mean()) - half, float(means.mean()) + half]


def _scale(means: Float[np.ndarray, " j"], test_to_train: float) -> float:
    """The standard deviation of the mean over splits, corrected for their overlap."""
    return float(means.std(ddof=1) * (1 / len(means) + test_to_train) ** 0.5)
