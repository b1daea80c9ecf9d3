"""The table of a sweep on standard output, printed from its summary.json alone: no numpy, no torch."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

HEADINGS = ("configuration", "folds", "nats/dim", "gap", "overfitting", "seconds", "versus best")
LEFT_OUT_FIRST = ("seconds", "overfitting", "gap", "versus best", "folds")  # of a table that is too wide
LEAST = 16  # characters for the configuration, before another column is left out


def print_summary(summary: dict[str, Any], path: Path) -> None:
    """Ranked configurations, unfinished jobs with their places below `path`, and what the numbers mean."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    if summary["configurations"]:
        print_table(summary, console)
    for line in (jobs_line(summary["jobs"]), *(unfinished_line(job, path) for job in summary["unfinished"])):
        console.print(line, soft_wrap=True, markup=False)
    for line in explanations(summary):
        console.print(line, markup=False)


def print_table(summary: dict[str, Any], console: Console) -> None:
    """A row a configuration with the columns that fit; under a mean and under a difference its 95 % interval."""
    rows = [row_of(summary, configuration) for configuration in summary["configurations"]]
    headings = headings_that_fit(rows, console.width)
    table = Table(title_justify="left")
    for heading in headings:
        words = heading == "configuration"
        table.add_column(heading, justify="left" if words else "right", overflow="fold", no_wrap=not words)
    for row in rows:
        overrides = in_lines(row["configuration"].split(" "), room(rows, headings, console.width))
        cells = {**row, "configuration": overrides}
        table.add_row(*(Text(cells[heading]) for heading in headings), style="bold" if row[""] == "1" else None)
    console.print(table)
    if left_out := [heading for heading in rows[0] if heading not in headings]:
        console.print(f"left out, for a wider terminal: {', '.join(left_out)}", markup=False)


def headings_that_fit(rows: Sequence[dict[str, str]], width: int) -> list[str]:
    """Those of a table `width` characters wide whose numbers are not broken."""
    headings = list(rows[0])
    longest = max(len(word) for row in rows for word in ("configuration", *row["configuration"].split()))
    for heading in LEFT_OUT_FIRST:
        if room(rows, headings, width) < min(LEAST, longest):
            headings.remove(heading)
    return headings


def room(rows: Sequence[dict[str, str]], headings: Sequence[str], width: int) -> int:
    """The characters that other columns and the rules between them leave to the configuration."""
    numbers = [heading for heading in headings if heading != "configuration"]
    taken = sum(max(len(line) for row in rows for line in (h, *row[h].split("\n"))) for h in numbers)
    return width - taken - 3 * len(headings) - 1


def in_lines(overrides: Sequence[str], room: int) -> str:
    """Breaks an override that is too long for its column after = or a dot of its key, never inside its value."""
    lines = [""]
    for override in overrides:
        pieces = [override] if len(override) <= room else re.split(r"(?<==)|(?<=[A-Za-z_]\.)", override)
        for piece in (*pieces[:-1], pieces[-1] + " "):
            if lines[-1] and len(lines[-1] + piece.rstrip()) > room:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def row_of(summary: dict[str, Any], configuration: dict[str, Any]) -> dict[str, str]:
    """Every cell of a configuration by its heading, that of the rank being empty."""
    rank, overrides = str(configuration["rank"] or "-"), " ".join(configuration["overrides"])
    comparison = two_lines(*versus_best(summary, configuration))
    return dict(zip(("", *HEADINGS), (rank, overrides, *cells_of(configuration), comparison), strict=True))


def cells_of(configuration: dict[str, Any]) -> list[str]:
    """Folds, figure, gap, verdict and time of a configuration."""
    return [
        f"{configuration['folds']}/{configuration['folds_expected']}",
        two_lines(mean_and_error(configuration), interval(configuration["ci95"])),
        number(configuration["gap"], sign="+"),
        configuration["overfitting"] or "-",
        "-" if configuration["seconds"] is None else f"{configuration['seconds']:,.0f}",
    ]


def two_lines(first: str, second: str) -> str:
    return f"{first}\n{second}" if second else first


def number(value: float | None, sign: str = "") -> str:
    """Four decimals, two from a hundred on; - when there is none."""
    return "-" if value is None else f"{value:{sign}.{4 if abs(value) < 100 else 2}f}"


def mean_and_error(configuration: dict[str, Any]) -> str:
    mean, se = configuration["mean"], configuration["se"]
    return number(mean) if se is None else f"{number(mean)} ± {number(se)}"


def interval(ci95: list[float] | None, sign: str = "") -> str:
    return "" if ci95 is None else f"[{number(ci95[0], sign)}, {number(ci95[1], sign)}]"


def versus_best(summary: dict[str, Any], configuration: dict[str, Any]) -> tuple[str, str]:
    """The paired difference from the first in rank with Holm's p, and its interval."""
    if configuration["rank"] == 1:
        return "best", ""
    for comparison in summary["comparisons"]:
        if (comparison["first"], comparison["second"]) == (1, configuration["rank"]):
            return difference(comparison), interval(comparison["ci95"], sign="+")
    return "-", ""


def difference(comparison: dict[str, Any]) -> str:
    p = comparison["p_holm"]
    return number(comparison["difference"], sign="+") + ("" if p is None else f", {probability(p)}")


def probability(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def jobs_line(jobs: dict[str, int]) -> str:
    """Such as: 15 jobs: 13 done (5 of them before), 1 failed, 1 killed."""
    states = [f"{count} {state}" for state, count in jobs.items() if state not in ("total", "skipped") and count]
    if jobs["skipped"]:
        states = [f"{s} ({jobs['skipped']} of them before)" if s.endswith(" done") else s for s in states]
    return f"{jobs['total']} job{'s' if jobs['total'] != 1 else ''}: {', '.join(states) or 'none'}"


def unfinished_line(job: dict[str, Any], path: Path) -> str:
    """State, replicate and place of a job without a figure, and its error."""
    error = f"  {job['error']}" if job["error"] else ""
    return f"{job['status']}: {' '.join(job['overrides'])} {replicate(job)}  {path / job['path']}{error}"


def replicate(job: dict[str, Any]) -> str:
    """Which fold, repeat and seed."""
    return ", ".join(f"{name} {job[name]}" for name in ("fold", "repeat", "seed") if job[name] is not None)


def explanations(summary: dict[str, Any]) -> list[str]:
    """What the numbers estimate, what they take for granted, and what to mind about this sweep."""
    lines = [summary["estimand"], summary["caveat"], summary["overfitting_rule"]]
    if summary["comparisons"]:
        lines.insert(2, "versus best: paired difference over common folds, p by Holm's correction over all pairs.")
    return lines + [f"note: {note}" for note in summary["notes"]]
