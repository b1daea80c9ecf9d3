"""Tables of runs before they are summed up: a sweep that is to run, and what outputs/ holds. No torch."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

STYLES = {"done": "green", "failed": "red", "killed": "red", "interrupted": "yellow", "running": "cyan"}


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """One row a run; a column named `status` or `state` is colored, numbers stand to the right."""
    rows = [[_cell(value) for value in row] for row in rows]
    table = Table(*columns[:1])
    for index, heading in enumerate(columns[1:], start=1):
        numeric = all(row[index].replace(".", "").replace(",", "").strip("-± nul").isdigit() for row in rows)
        table.add_column(heading, justify="right" if rows and numeric else "left", overflow="fold")
    state = next((i for i, heading in enumerate(columns) if heading in ("state", "status")), None)
    for row in rows:
        table.add_row(*row, style=STYLES.get(row[state]) if state is not None else None)
    Console(width=None if Console().is_terminal else 120, highlight=False).print(table)


def size(count: int) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
