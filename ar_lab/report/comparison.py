"""The tables of task=compare, and compare.csv."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from torch import Tensor

from ar_lab.evaluation.pairs import observations


def save_scores(scores: dict[str, Tensor], places: Sequence[int] | None, directory: Path) -> None:
    """compare.csv: nats a dimension of every scored example, or block of a text, by every run.

    `places` are those of the examples in the test part, where not all of it is scored.
    """
    columns = {name: observations(nll).tolist() for name, nll in scores.items()}
    first = next(iter(scores.values()))
    with (directory / "compare.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["example" if first.ndim == 2 else "block", *columns])
        for index, row in enumerate(zip(*columns.values(), strict=True)):
            writer.writerow([index if places is None else places[index], *row])


def print_comparison(result: dict[str, Any]) -> None:
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_ranking(result["runs"]))
    console.print(_pairs(result))
    several = "; p by Holm over all pairs" if len(result["pairs"]) > 1 else ""
    console.print(
        f"A - B below 0: A gives the test part more probability. Paired over {result['observations']}: bootstrap "
        f"interval, paired t-test{several}.\nBoth are about other examples for these very models, not about training "
        "anew: for that, seeds or folds (cv=kfold).",
        soft_wrap=True,
    )


def _ranking(ranked: list[dict[str, Any]]) -> Table:
    table = Table("rank", "run", "model")
    for heading in ("parameters", "nats/dim", "95 % interval"):
        table.add_column(heading, justify="right")
    for rank, run in enumerate(ranked, start=1):
        value, se = run["test/nats_per_dim"], run["test/nats_per_dim_se"]
        figure = f"{value:.4f}" if se is None else f"{value:.4f} ± {se:.4f}"
        interval = _interval(run.get("test/nats_per_dim_ci95"))
        style = "bold" if rank == 1 else None
        table.add_row(str(rank), run["name"], run["model"], f"{run['parameters']:,}", figure, interval, style=style)
    return table


def _pairs(result: dict[str, Any]) -> Table:
    table = Table("A", "B")
    for heading in ("A - B, nats/dim", "95 % interval", "p", f"{result['observations'].split()[0]} better by A : B"):
        table.add_column(heading, justify="right")
    for pair in result["pairs"]:
        error = "" if pair["se"] is None else f" ± {pair['se']:.4f}"
        p = "-" if pair["p_holm"] is None else f"{pair['p_holm']:.2g}"
        wins = f"{pair['first_wins']:,} : {pair['second_wins']:,}"
        difference = f"{pair['difference']:.4f}{error}"
        table.add_row(pair["first"], pair["second"], difference, _interval(pair["ci95"]), p, wins)
    return table


def _interval(interval: list[float] | None) -> str:
    return "-" if interval is None else f"{interval[0]:.4f} to {interval[1]:.4f}"
