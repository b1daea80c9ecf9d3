"""summary.png: held-out figures and gaps by configuration with their intervals; curves of the best."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ar_lab.runs.curves import curve

CURVES_SHOWN = 8  # configurations
TRAINING, SCORED, VALIDATION = (f"{part}/nats_per_dim" for part in ("train", "train_scored", "validation"))
PARTS = (("training", "C0"), ("validation", "C1"))
Curve = tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]  # steps and values, as many as this fold has


def save_plot(summary: dict[str, Any], sweep: Path) -> Path:
    """Draws summary.png from a summary with a ranked configuration, and the metrics.csv of its jobs under `sweep`."""
    ranked = [c for c in summary["configurations"] if c["rank"] is not None]
    shown = ranked[:CURVES_SHOWN]
    columns = 1 if len(shown) <= 3 else 2
    rows = ceil(len(shown) / columns)
    height = max(1.5 + 0.34 * len(ranked), 0.8 + 1.9 * rows, 3.6)
    gaps = any(c["gap"] is not None for c in ranked)
    width = 7 + 2.5 * gaps
    figure = Figure(figsize=(width + 3 * columns, height), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(width - 1, 3 * columns + 1))
    panels = left.subplots(1, 1 + gaps, sharey=True, squeeze=False)[0]
    _figures(panels[0], ranked, summary["metric"])
    if gaps:
        _gaps(panels[1], ranked)
    axes = right.subplots(rows, columns, sharey=True, squeeze=False)
    draw_curves(list(axes.flat), shown, sweep)
    path = sweep / "summary.png"
    figure.savefig(path, dpi=110)
    return path


def _figures(axis: Axes, ranked: Sequence[dict[str, Any]], metric: str) -> None:
    """A row a configuration, the best on top: folds as dots, the mean with its 95 % interval."""
    for row, configuration in enumerate(ranked):
        _row(axis, row, _folds(configuration), configuration["mean"], configuration["ci95"])
    axis.set_yticks(range(len(ranked)), [fill(" ".join(c["overrides"]), 34) for c in ranked], fontsize=8)
    axis.set_ylim(len(ranked) - 0.4, -0.6)
    axis.set_xlabel(f"held-out {metric}")
    axis.set_title("held-out: folds, mean, 95 % interval", fontsize=10)
    axis.grid(axis="x", alpha=0.3)
    _limit(axis, [fold for c in ranked for fold in _folds(c)])


def _gaps(axis: Axes, ranked: Sequence[dict[str, Any]]) -> None:
    """The same of what is held out minus what was trained on, and the verdict on it."""
    shown = []
    for row, configuration in enumerate(ranked):
        if configuration["gap"] is not None:
            done = [f for f in configuration["figures"] if f["figure"] is not None and f["train"] is not None]
            folds = [f["figure"] - f["train"] for f in done]
            _row(axis, row, folds, configuration["gap"], configuration["gap_ci95"])
            words = configuration["overfitting"] or ""
            axis.annotate(
                words, (configuration["gap"], row), (0, 7), textcoords="offset points", ha="center", fontsize=7
            )
            shown += folds
    axis.axvline(0, color="0.4", linewidth=0.8)
    axis.set_xlabel("held-out minus train")
    axis.set_title("gap, and the verdict: overfitting", fontsize=10)
    axis.grid(axis="x", alpha=0.3)
    _limit(axis, shown)


def _row(axis: Axes, row: int, folds: Sequence[float], mean: float, ci95: list[float] | None) -> None:
    axis.plot(folds, [row] * len(folds), "o", color="0.55", markersize=4, alpha=0.7, zorder=2)
    color = "C3" if row == 0 else "C0"
    if ci95 is not None:
        axis.plot(ci95, [row, row], "-|", color=color, linewidth=1.8, markersize=9, zorder=3)
    axis.plot(mean, row, "D", color=color, markersize=6, zorder=4)


def _folds(configuration: dict[str, Any]) -> list[float]:
    return [f["figure"] for f in configuration["figures"] if f["figure"] is not None]


def _limit(axis: Axes, folds: Sequence[float]) -> None:
    """Keeps the folds apart where an interval over two or three of them would fill the picture."""
    if folds and (spread := max(folds) - min(folds)):
        low, high = axis.get_xlim()
        axis.set_xlim(max(low, min(folds) - spread), min(high, max(folds) + spread))


def draw_curves(axes: Sequence[Axes], shown: Sequence[dict[str, Any]], sweep: Path) -> None:
    """A panel a configuration on one scale, which leaves out what training did before the first validation."""
    visible = np.concatenate([_curves(axis, c, sweep) for axis, c in zip(axes, shown, strict=False)])
    if margin := 0.06 * np.ptp(visible):
        axes[0].set_ylim(visible.min() - margin, visible.max() + margin)
    axes[0].set_ylabel("nats per dimension")
    axes[0].legend(fontsize=7)
    for axis in axes[len(shown) :]:
        axis.set_axis_off()


def _curves(axis: Axes, configuration: dict[str, Any], sweep: Path) -> Float[np.ndarray, " _"]:
    """Each fold thin, their mean bold, the gap between the means shaded; the values that are to be seen."""
    train, validation = (_of_folds(configuration, sweep, metric) for metric in (SCORED, VALIDATION))
    if not train:
        train = [at_middles(fold) for fold in _of_folds(configuration, sweep, TRAINING)]
    means = {}
    for folds, (label, color) in zip((train, validation), PARTS, strict=True):
        for steps, values in folds:
            axis.plot(steps, values, color=color, linewidth=0.7, alpha=0.35)
        if folds:
            means[label] = mean_curve(folds)
            marker = "o" if len(means[label][0]) == 1 else None  # a line through one point is not seen
            axis.plot(*means[label], marker=marker, color=color, linewidth=2, label=f"{label}, mean of {len(folds)}")
    if len(means) == 2:
        _shade(axis, *means.values())
    axis.axhline(configuration["mean"], color="C3", linewidth=1, linestyle="--", label="held-out, mean")
    axis.set_title(fill(" ".join(configuration["overrides"]), 34), fontsize=8)
    axis.set_xlabel("step", fontsize=8)
    axis.tick_params(labelsize=7)
    return np.concatenate([[configuration["mean"]], *(values for _, values in validation), training_to_see(**means)])


def training_to_see(training: Curve | None = None, validation: Curve | None = None) -> Float[np.ndarray, " _"]:
    """The values of training at the steps between which validation was measured; else the last one."""
    if training is None:
        return np.empty(0)
    steps = training[0] if validation is None else _common(training, validation)
    return np.interp(steps, *training) if len(steps) else training[1][-1:]


def _of_folds(configuration: dict[str, Any], sweep: Path, metric: str) -> list[Curve]:
    """The curves of those folds that count in the mean."""
    done = [sweep / figure["path"] for figure in configuration["figures"] if figure["figure"] is not None]
    logged = [np.array(points, dtype=float).T for path in done if (points := curve(path, metric))]
    return [(steps, values) for steps, values in logged]


def at_middles(logged: Curve) -> Curve:
    """Training logs the mean since the last entry: it belongs to the middle of that interval, not to its end."""
    steps, values = logged
    return steps - np.diff(steps, prepend=0) / 2, values


def mean_curve(folds: Sequence[Curve]) -> Curve:
    """The mean over folds at every step that one of them logged, where all of them have a value to interpolate.

    Folds without a common step, whose epochs differ in length, have the mean of their last steps and values.
    """
    first, last = max(steps[0] for steps, _ in folds), min(steps[-1] for steps, _ in folds)
    if first > last:
        return tuple(np.mean([fold[k][-1:] for fold in folds], axis=0) for k in (0, 1))
    steps = np.unique(np.concatenate([steps for steps, _ in folds]))
    steps = steps[(steps >= first) & (steps <= last)]
    return steps, np.array([np.interp(steps, *fold) for fold in folds]).mean(0)


def _shade(axis: Axes, train: Curve, validation: Curve) -> None:
    steps = _common(train, validation)
    axis.fill_between(steps, np.interp(steps, *train), np.interp(steps, *validation), color="C1", alpha=0.2)


def _common(one: Curve, two: Curve) -> Float[np.ndarray, " _"]:
    """The steps of either curve that lie within both."""
    steps = np.union1d(one[0], two[0])
    return steps[(steps >= max(one[0][0], two[0][0])) & (steps <= min(one[0][-1], two[0][-1]))]
