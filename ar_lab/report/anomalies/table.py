"""The table of outliers and scores on standard output; no torch."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

READING = (
    "Higher scores are more anomalous; outliers are the positives. AUROC 0.5 is chance, below it the score takes the "
    "outliers for the data. [ ] are 95 % bootstrap intervals; FPR at 95 % TPR is the share of the run's own test part "
    "that is reported when 95 % of the outliers are."
)


def print_detections(metrics: dict[str, Any], outliers: Sequence[str], scores: Sequence[str]) -> None:
    """A row a score of every outlier dataset."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    table = Table("outliers", "score", title_justify="left")
    for heading in ("AUROC", "AUPRC", "FPR at 95 % TPR"):
        table.add_column(heading, justify="right")
    for name in outliers:
        shown = [score for score in scores if f"score/{name}/{score}/auroc" in metrics]
        for k, score in enumerate(shown):
            count = f"{name} ({metrics[f'score/{name}/examples']:,})" if k == 0 else ""
            cells = (_cell(metrics, f"score/{name}/{score}/{figure}") for figure in ("auroc", "auprc", "fpr95"))
            table.add_row(count, score, *cells, end_section=score == shown[-1])
    console.print(table)
    console.print(READING, markup=False)


def _cell(metrics: dict[str, Any], name: str) -> str:
    low, high = metrics[f"{name}_ci95"]
    return f"{metrics[name]:.3f} [{low:.3f}, {high:.3f}]"
