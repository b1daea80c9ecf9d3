"""Curves: what a run logged, read back from its metrics.csv."""

import csv
from pathlib import Path


def curve(run: Path, metric: str) -> list[tuple[int, float]]:
    """The steps and values of one metric, such as validation/nats_per_dim; empty when the run logged none.

    A row that a kill cut short is left out.
    """
    try:
        with (run / "metrics.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if len(row) == 3 and row[1] == metric]
        return [(int(step), float(value)) for step, _, value in rows]
    except (OSError, ValueError):
        return []
