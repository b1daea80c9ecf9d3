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
    """A mean over figures; what too few figures cannot tell is None."""

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


def estimate(figures: Sequence[float], splits: Sequence[Hashable], test_to_train: float | None) -> Estimate:
    """Mean, standard deviation, std/√J, and the 95 % interval by the corrected resampled t.

    `splits` names the split of each figure. Figures of one split (several seeds) are averaged before the interval, for
    they share all their data. `test_to_train` is n_test/n_train; 0 for independent figures; None: no interval.
    """
    values = np.asarray(figures, dtype=float)
    mean = float(values.mean()) if len(values) else None
    if len(values) < 2:
        return Estimate(mean, None, None, None)
    std = float(values.std(ddof=1))
    return Estimate(mean, std, std / len(values) ** 0.5, _interval(values, splits, test_to_train))


def compare(differences: Sequence[float], splits: Sequence[Hashable], test_to_train: float | None) -> Comparison:
    """The corrected t on paired differences.

    When all differences are equal there is no spread to judge by: p is then 1 if they are zero, and else 0.
    """
    values = np.asarray(differences, dtype=float)
    mean = float(values.mean()) if len(values) else None
    ci95 = _interval(values, splits, test_to_train)
    if ci95 is None or test_to_train is None:
        return Comparison(mean, None, None)
    scale, freedom = _scale(values, splits, test_to_train)
    if scale == 0:
        return Comparison(mean, ci95, float(mean == 0))
    return Comparison(mean, ci95, float(2 * stdtr(freedom, -abs(values.mean()) / scale)))


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


def _interval(
    values: Float[np.ndarray, " j"], splits: Sequence[Hashable], test_to_train: float | None
) -> list[float] | None:
    if test_to_train is None or len(set(splits)) < 2:
        return None
    scale, freedom = _scale(values, splits, test_to_train)
    half = float(stdtrit(freedom, 0.975)) * scale
    return [float(values.mean()) - half, float(values.mean()) + half]


def _scale(values: Float[np.ndarray, " j"], splits: Sequence[Hashable], test_to_train: float) -> tuple[float, int]:
    """The standard deviation of the mean over splits, corrected for their overlap, and its degrees of freedom."""
    of_split: dict[Hashable, list[float]] = {}
    for split, value in zip(splits, values, strict=True):
        of_split.setdefault(split, []).append(value)
    means = np.array([np.mean(group) for group in of_split.values()])
    return float(means.std(ddof=1) * (1 / len(means) + test_to_train) ** 0.5), len(means) - 1
