"""histograms.png and roc.png: the scores of every dataset side by side, and what thresholds on them achieve."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ar_lab.evaluation.anomaly.detection import roc

Scores = dict[str, Float64[np.ndarray, " examples"]]
BINS = 40
COLUMNS = 3


def save_histograms(scored: dict[str, Scores], wide: Sequence[str], path: Path) -> None:
    """A panel a score; its range is that of the datasets in `wide`, and what lies beyond is in the outermost bars."""
    names = list(next(iter(scored.values())))
    figure, axes = _panels(len(names))
    for axis, name in zip(axes, names, strict=False):
        _histogram(axis, {dataset: scores[name] for dataset, scores in scored.items()}, wide)
        axis.set_title(f"{name} ({'bits' if name.startswith('complexity') else 'nats'} an example)", fontsize=9)
    axes[0].legend(fontsize=7)
    figure.supxlabel("score: higher is more anomalous; the outermost bars hold all beyond them", fontsize=8)
    figure.savefig(path, dpi=110)


def _histogram(axis: Axes, values: Scores, wide: Sequence[str]) -> None:
    low, high = np.quantile(np.concatenate([values[dataset] for dataset in wide]), [0.002, 0.998])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    highest = 0.0
    for k, (dataset, scores) in enumerate(values.items()):
        shares = np.histogram(scores.clip(edges[0], edges[-1]), edges)[0] / len(scores)
        axis.stairs(shares, edges, color=f"C{k}", alpha=0.25 if k else 0.45, fill=True)
        axis.stairs(shares, edges, color=f"C{k}", linewidth=1.2, label=dataset)
        highest = max(highest, shares.max()) if dataset in wide else highest
    axis.set_ylim(0, 1.1 * highest)  # or all beyond the range, in one bar, would hide the others
    axis.set_ylabel("share of examples", fontsize=7)
    axis.tick_params(labelsize=7)


def save_roc(scored: dict[str, Scores], inliers: str, metrics: dict[str, float], path: Path) -> None:
    """A panel an outlier dataset, a curve a score."""
    others = [dataset for dataset in scored if dataset != inliers]
    figure, axes = _panels(len(others))
    for axis, dataset in zip(axes, others, strict=False):
        for name, scores in scored[dataset].items():
            auroc = metrics[f"score/{dataset}/{name}/auroc"]
            axis.plot(*roc(scored[inliers][name], scores), linewidth=1.4, label=f"{name} {auroc:.3f}")
        axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle="--")
        axis.set_title(f"{dataset}: AUROC", fontsize=9)
        axis.set_xlabel("false positive rate", fontsize=7)
        axis.set_ylabel("true positive rate", fontsize=7)
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=6, loc="lower right")
    figure.savefig(path, dpi=110)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(COLUMNS, count)
    rows = ceil(count / columns)
    figure = Figure(figsize=(3.6 * columns, 3.1 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes
