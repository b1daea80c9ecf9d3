"""Pictures of calibration: a reliability diagram of classifiers, a histogram of the transforms of real numbers."""

from typing import TYPE_CHECKING

import numpy as np

from ar_lab.evaluation.calibration import Reliability, Transform

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIT_BINS = 20


def reliability_plot(found: Reliability) -> "Figure":
    """Accuracy by confidence of the likeliest level, over how many predictions have it (Guo et al., 2017)."""
    from matplotlib.figure import Figure

    figures, there = found.figures(), found.counts > 0
    figure = Figure(figsize=(5, 5.6), layout="constrained")
    curve, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    middles = (np.arange(found.bins) + 0.5) / found.bins
    count = found.counts[there]
    accuracy, confidence = found.hits[there] / count, found.confidences[there] / count
    curve.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1, label="calibrated")
    error = 1.96 * np.sqrt(accuracy * (1 - accuracy) / count)
    curve.errorbar(confidence, accuracy, error, fmt="o-", color="C0", markersize=4, capsize=2, label="model, ± 1.96 se")
    curve.set_ylabel("how often it is right")
    curve.set_title(f"expected calibration error {figures['ece']:.4f}, accuracy {figures['accuracy']:.4f}", fontsize=10)
    curve.legend(fontsize=8)
    curve.grid(alpha=0.3)
    counts.bar(middles, found.counts, width=0.9 / found.bins, color="C0")
    counts.set_yscale("log")
    counts.set_xlabel("probability of the likeliest level")
    counts.set_ylabel("predictions")
    counts.set_xlim(0, 1)
    return figure


def transform_plot(found: Transform) -> "Figure":
    """The density of F(x_i | …), which is 1 everywhere where the conditionals are right."""
    from matplotlib.figure import Figure

    figures, values = found.figures(), found.values
    figure = Figure(figsize=(5.4, 3.8), layout="constrained")
    axis = figure.subplots()
    axis.hist(values, bins=PIT_BINS, range=(0, 1), density=True, color="C0", alpha=0.8)
    band = 1.96 * np.sqrt((PIT_BINS - 1) / max(len(values), 1))
    axis.axhspan(1 - band, 1 + band, color="0.5", alpha=0.25, label="95 % of bins of a model that is right")
    axis.axhline(1, color="0.3", linestyle="--", linewidth=1)
    axis.set_xlim(0, 1)
    axis.set_xlabel("F(x_i | x_1 … x_{i-1})")
    axis.set_ylabel("density")
    axis.set_title(f"distance from uniform {figures['ks']:.4f}, by chance {figures['ks_by_chance']:.4f}", fontsize=10)
    axis.legend(fontsize=8)
    return figure
