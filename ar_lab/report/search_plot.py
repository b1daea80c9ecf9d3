"""history.png: the figure of every trial of a search and the best so far; beside it what each dimension mattered."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ar_lab.report.search_lines import HISTORY

WITHOUT_FIGURE = {"PRUNED": ("pruned", "C1", "v"), "FAIL": ("failed", "C3", "x"), "RUNNING": ("cut short", "0.5", "_")}


def save_history(search: dict[str, Any], sweep: Path) -> Path:
    """Draws a search with at least one figure."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _history(left, search)
    _importances(right, search["importances"])
    figure.savefig(sweep / HISTORY, dpi=110)
    return sweep / HISTORY


def _history(axis: Axes, search: dict[str, Any]) -> None:
    complete = [trial for trial in search["history"] if trial["figure"] is not None]
    numbers = np.array([trial["trial"] for trial in complete])
    figures = np.array([trial["figure"] for trial in complete])
    top = _top(figures)
    axis.plot(numbers, np.minimum(figures, top), "o", color="C0", markersize=4, label="trial")
    best = np.minimum.accumulate(figures)
    axis.plot(numbers, np.minimum(best, top), drawstyle="steps-post", color="C2", label="best so far")
    for state, (label, color, marker) in WITHOUT_FIGURE.items():
        at = [trial["trial"] for trial in search["history"] if trial["state"] == state]
        if at:  # above all figures
            axis.plot(at, [1.0] * len(at), marker, color=color, label=label, transform=axis.get_xaxis_transform())
    axis.set_xlim(-0.5, len(search["history"]) - 0.5)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel("trial")
    axis.set_ylabel(search["objective"])
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7)


def _top(figures: np.ndarray) -> float:
    """Where what is far worse than most is cut off, so that it does not squash the rest."""
    low, middle = float(figures.min()), float(np.median(figures))
    return middle + 4 * (middle - low) if middle > low else float(figures.max())


def _importances(axis: Axes, importances: dict[str, float]) -> None:
    keys = list(importances)
    axis.barh(range(len(keys)), [importances[key] for key in keys], color="C0")
    axis.set_yticks(range(len(keys)), keys, fontsize=8)
    axis.set_xlim(0, 1)
    axis.invert_yaxis()
    axis.set_xlabel("importance (fANOVA)" if keys else "importance: too few trials")
