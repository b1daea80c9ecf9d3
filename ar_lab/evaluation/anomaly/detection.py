"""Detection: how well a score tells outliers from what is in distribution, with bootstrap intervals.

Outliers are the positives: the true positive rate is the share of them above a threshold, the false positive rate that
of the in-distribution examples.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from ar_lab.evaluation.bootstrap import AT_ONCE, DRAWS, percentile_interval, resamples

TRUE_POSITIVES = 0.95  # the rate at which false positives are counted
Counts = Int64[np.ndarray, "draws values"]  # how often every distinct score occurs, the highest first
Figure = Float64[np.ndarray, " draws"]


@dataclass(frozen=True)
class Detection:
    """AUROC, average precision (AUPRC), and the false positive rate at 95 % true positives, each with its interval."""

    auroc: float
    auprc: float
    fpr95: float
    intervals: dict[str, list[float]]  # 95 %, of resampling both samples

    def to_dict(self) -> dict[str, float | list[float]]:
        figures = {name: getattr(self, name) for name in FIGURES}
        return figures | {f"{name}_ci95": interval for name, interval in self.intervals.items()}


def detection(
    inliers: Float64[np.ndarray, " inliers"], outliers: Float64[np.ndarray, " outliers"], seed: int, draws: int = DRAWS
) -> Detection:
    """How well scores that are higher for outliers find them; percentile intervals (Efron, 1979), stratified.

    Raises:
        ValueError: when either sample is empty.
    """
    if not len(inliers) or not len(outliers):
        raise ValueError(f"{len(inliers)} in distribution, {len(outliers)} outliers: needs one of each")
    values, ranks = np.unique(-np.concatenate([inliers, outliers]), return_inverse=True)
    samples = ranks[: len(inliers)], ranks[len(inliers) :]
    counts = [np.bincount(sample, minlength=len(values))[None] for sample in samples]
    resampled = _resampled(*samples, len(values), seed, draws)
    intervals = {name: percentile_interval(values) for name, values in resampled.items()}
    return Detection(**{name: float(figure(*counts)[0]) for name, figure in FIGURES.items()}, intervals=intervals)


def _resampled(
    inliers: Int64[np.ndarray, " inliers"], outliers: Int64[np.ndarray, " outliers"], values: int, seed: int, draws: int
) -> dict[str, Figure]:
    """Every figure of resamples of both samples by themselves."""
    rng, each = np.random.default_rng(seed), max(1, AT_ONCE // (len(inliers) + len(outliers)))
    found: dict[str, list[Figure]] = {name: [] for name in FIGURES}
    for begin in range(0, draws, each):
        some = min(each, draws - begin)
        counts = [_counted(sample[resamples(len(sample), some, rng)], values) for sample in (inliers, outliers)]
        for name, figure in FIGURES.items():
            found[name].append(figure(*counts))
    return {name: np.concatenate(pieces) for name, pieces in found.items()}


def _counted(ranks: Int64[np.ndarray, "draws count"], values: int) -> Counts:
    rows = np.arange(len(ranks))[:, None] * values
    return np.bincount((ranks + rows).ravel(), minlength=len(ranks) * values).reshape(-1, values)


def auroc(inliers: Counts, outliers: Counts) -> Figure:
    """P(outlier > inlier) + P(outlier = inlier) / 2: the area under the ROC curve (Mann and Whitney, 1947)."""
    above = outliers.cumsum(1) - outliers / 2
    return (inliers * above).sum(1) / (inliers.sum(1) * outliers.sum(1))


def average_precision(inliers: Counts, outliers: Counts) -> Figure:
    """The sum over thresholds of the precision times what the recall rises by."""
    positives = outliers.cumsum(1)
    found = np.maximum(positives + inliers.cumsum(1), 1)  # nothing above a threshold: no rise either
    return (outliers * positives / found).sum(1) / positives[:, -1]


def false_positive_rate(inliers: Counts, outliers: Counts) -> Figure:
    """That of the highest threshold with 95 % true positives."""
    positives, negatives = outliers.cumsum(1), inliers.cumsum(1)
    first = (positives / positives[:, -1:] >= TRUE_POSITIVES).argmax(1)
    return negatives[np.arange(len(first)), first] / negatives[:, -1]


FIGURES = {"auroc": auroc, "auprc": average_precision, "fpr95": false_positive_rate}


def roc(
    inliers: Float64[np.ndarray, " inliers"], outliers: Float64[np.ndarray, " outliers"]
) -> tuple[Float64[np.ndarray, " thresholds"], Float64[np.ndarray, " thresholds"]]:
    """False and true positive rate at every threshold, from (0, 0) to (1, 1)."""
    thresholds = np.unique(np.concatenate([inliers, outliers]))[::-1]
    rates = [1 - np.searchsorted(np.sort(s), thresholds, side="left") / len(s) for s in (inliers, outliers)]
    return np.append(0.0, rates[0]), np.append(0.0, rates[1])
