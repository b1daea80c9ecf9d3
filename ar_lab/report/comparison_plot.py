"""compare.png: every example by two runs, and the histogram of the paired differences."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ar_lab.evaluation.pairs import observations

SHOWN = 6  # pairs: those with the best run come first


def save_comparison(scores: dict[str, Tensor], result: dict[str, Any], directory: Path) -> Path:
    pairs = result["pairs"][:SHOWN]
    figure = Figure(figsize=(9.5, 4.1 * len(pairs)), layout="constrained")
    axes = figure.subplots(len(pairs), 2, squeeze=False)
    for row, pair in zip(axes, pairs, strict=True):
        first, second = (observations(scores[pair[which]]) for which in ("first", "second"))
        _scatter(row[0], pair, first, second)
        _histogram(row[1], pair, first - second, result["observations"])
    path = directory / "compare.png"
    figure.savefig(path, dpi=100)
    return path


def _scatter(
    axis: Axes, pair: dict[str, Any], first: Float[np.ndarray, " count"], second: Float[np.ndarray, " count"]
) -> None:
    low, high = min(first.min(), second.min()), max(first.max(), second.max())
    axis.plot([low, high], [low, high], color="0.5", linewidth=1)
    axis.plot(first, second, "o", markersize=3, alpha=0.45, color="C0", markeredgewidth=0)
    axis.set_xlabel(f"A: {pair['first']}, nats/dim")
    axis.set_ylabel(f"B: {pair['second']}, nats/dim")
    axis.set_title(f"above the line A is better: {pair['first_wins']:,} of {len(first):,}", fontsize=10)
    axis.set_aspect("equal", adjustable="datalim")


def _histogram(axis: Axes, pair: dict[str, Any], differences: Float[np.ndarray, " count"], unit: str) -> None:
    spread = float(np.ptp(differences))
    axis.hist(differences, bins=40 if spread else 1, color="C0", alpha=0.6)
    axis.axvline(0, color="0.3", linewidth=1)
    axis.axvline(pair["difference"], color="C3", linewidth=1.6, label=f"mean {pair['difference']:.4f}")
    if pair["ci95"] is not None:
        axis.axvspan(*pair["ci95"], color="C3", alpha=0.25, label="95 % interval of the mean")
    axis.set_xlabel("A - B, nats/dim")
    axis.set_ylabel(unit)
    axis.set_title("paired differences", fontsize=10)
    axis.legend(fontsize=8)
