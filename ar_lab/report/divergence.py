"""The table of all divergences of all fits, and its files."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ar_lab.evaluation.divergence.definitions import DIVERGENCES
from ar_lab.evaluation.divergence.estimators import Figure

Figures = Mapping[str, Mapping[str, Figure]]


def print_divergences(figures: Figures, notes: list[str]) -> None:
    """A row a fit, a column a divergence, the least of each column bold."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(divergence_table(figures))
    console.print(
        "KL and JS in nats; tv and squared hellinger in 0..1; chi2: E_Q[(P/Q)^2] - 1; bold, *: the least of its column."
    )
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True, markup=False)


def divergence_table(figures: Figures) -> Table:
    table = Table("Q minimizes", title_justify="left")
    for name in DIVERGENCES:
        table.add_column(name, justify="right")
    least = {name: min(figures, key=lambda row: figures[row][name].value) for name in DIVERGENCES}
    for row, found in figures.items():
        table.add_row(row, *(_cell(found[name], least[name] == row) for name in DIVERGENCES))
    return table


def _cell(found: Figure, is_least: bool) -> str:
    if found.se is not None:
        text = f"{found.value:.{4 if abs(found.value) < 1e4 else 2}g} ± {found.se:.1g}"
    else:
        text = f"{found.value:.4f}" if abs(found.value) < 1e4 else f"{found.value:.3g}"
    return f"[bold]{text}*[/bold]" if is_least else f"{text} "


def save_divergences(figures: Figures, path: Path) -> None:
    """divergence.csv: the same with all digits."""
    estimated = any(one.se is not None for found in figures.values() for one in found.values())
    columns = [column for name in DIVERGENCES for column in ([name, f"{name}_se"] if estimated else [name])]
    rows = []
    for fit, found in figures.items():
        values: dict[str, Any] = {name: one.value for name, one in found.items()}
        rows.append({"fit": fit, **values, **{f"{name}_se": one.se for name, one in found.items() if estimated}})
    _write(path, ["fit", *columns], rows)


def save_trajectories(trajectories: Mapping[str, list[list[float]]], path: Path) -> None:
    """trajectories.csv: the loss of every start by step; of chi2 log(1 + chi2)."""
    rows = [
        {"fit": fit, "start": start, "step": step, "loss": loss}
        for fit, starts in trajectories.items()
        for start, losses in enumerate(starts)
        for step, loss in enumerate(losses)
    ]
    _write(path, ["fit", "start", "step", "loss"], rows)


def _write(path: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
