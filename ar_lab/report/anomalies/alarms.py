"""The alarms of a file: the table of the worst units, and the page of a text with what is reported marked."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64
from rich.console import Console
from rich.table import Table

from ar_lab.runs import write_atomically

WORST = 10  # units in the table
WIDTH = 70  # characters of a line in it
HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>alarms</title><style>
:root { color-scheme: light dark; }
body { font: 13px/1.6 ui-monospace, monospace; margin: 2em; white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: rgba(225,60,40,.35); color: inherit; }
</style></head><body>"""


@runtime_checkable
class Scored(Protocol):
    """Units of a file: where they are, what they say, and their scores by name."""

    where: Sequence[str]
    text: Sequence[str]
    scores: dict[str, Any]


def print_alarms(found: Scored, by: str, p: Float64[np.ndarray, " units"], metrics: dict[str, Any]) -> None:
    """The worst units, and the share of alarms."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    table = Table("where", title_justify="left")
    for heading in (by, "p-value", "alarm"):
        table.add_column(heading, justify="right")
    if is_text := any(found.text):
        table.add_column("text", no_wrap=True)
    for k in worst(found.scores[by]):
        cells = (f"{found.scores[by][k]:.4g}", f"{p[k]:.4f}", "yes" if p[k] <= metrics["alarm/rate"] else "")
        said = [console.render_str(found.text[k][:WIDTH], markup=False)] if is_text else []
        table.add_row(found.where[k], *cells, *said)
    console.print(table)
    console.print(
        f"{metrics['alarm/alarms']:,} of {metrics['alarm/units']:,} {metrics['unit']}s are reported "
        f"({metrics['alarm/share']:.1%}) above {by} {metrics['alarm/threshold']:.5g}, the threshold at a rate of "
        f"{metrics['alarm/rate']:g} on {metrics['alarm/held_out']:,} held-out {metrics['unit']}s.",
        markup=False,
    )


def worst(scores: Float64[np.ndarray, " units"]) -> list[int]:
    return np.argsort(-scores, kind="stable")[:WORST].tolist()


def save_lines(found: Scored, by: str, p: Float64[np.ndarray, " units"], rate: float, path: Path) -> None:
    """The text with every reported unit marked; its score and p-value appear where the pointer rests."""
    shown = []
    for k, text in enumerate(found.text):
        title = escape(f"{found.where[k]}: {by} {found.scores[by][k]:.4g}, p = {p[k]:.4f}")
        tag = "mark" if p[k] <= rate else "span"
        shown.append(f'<{tag} title="{title}">{escape(text)}</{tag}>')
    write_atomically(path, HEAD + "\n".join(shown) + "</body></html>\n")
