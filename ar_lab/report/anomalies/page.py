"""extremes.html: the likeliest and least likely windows of a text or rows of a table, colored by their surprisal."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from ar_lab.runs import write_atomically

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>likeliest and least likely</title><style>
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2em; max-width: 110em; }
table { border-collapse: collapse; margin-bottom: 2em; }
th { text-align: left; padding: 0 .8em .2em 0; }
td { font: 12px/1.6 ui-monospace, monospace; padding: .1em .8em .1em 0; vertical-align: top; white-space: pre-wrap; }
td.number { text-align: right; }
</style></head><body><h1>The likeliest and the least likely</h1>
<p>The darker the red, the more bits a %s took: from the median of all shown (none) to their 99th percentile (full).</p>
"""


class Listing(NamedTuple):
    """Examples under a title: their scores by name, and what each dimension shows and took."""

    title: str
    index: Sequence[int]
    scores: dict[str, Float64[np.ndarray, " examples"]]
    shown: Sequence[Sequence[str]]  # of every example, a text for every dimension
    bits: Float64[np.ndarray, "examples dims"]


def save_page(listings: Sequence[Listing], columns: Sequence[str] | None, path: Path) -> None:
    """One page that needs no network; `columns` are those of a table, a text has none."""
    low, high = np.quantile(np.concatenate([listing.bits.ravel() for listing in listings]), [0.5, 0.99])
    body = "".join(_section(listing, columns, low, max(high - low, 1e-9)) for listing in listings)
    write_atomically(path, HEAD % ("value" if columns else "character") + body + "</body></html>\n")


def _section(listing: Listing, columns: Sequence[str] | None, low: float, span: float) -> str:
    headings = ["index", *listing.scores, *(columns or ["text"])]
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    rows = []
    for k, (index, shown) in enumerate(zip(listing.index, listing.shown, strict=True)):
        numbers = [str(index), *(f"{scores[k]:.1f}" for scores in listing.scores.values())]
        cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
        alphas = ((listing.bits[k] - low) / span).clip(0, 1)
        colored = [_colored(*dimension) for dimension in zip(shown, listing.bits[k], alphas, strict=True)]
        cells += "".join(f"<td>{c}</td>" for c in colored) if columns else f"<td>{''.join(colored)}</td>"
        rows.append(f"<tr>{cells}</tr>\n")
    return f"<h2>{escape(listing.title)}</h2><table><tr>{head}</tr>\n{''.join(rows)}</table>\n"


def _colored(shown: str, bits: float, alpha: float) -> str:
    if alpha < 0.02:
        return escape(shown)
    return f'<span style="background:rgba(225,60,40,{0.85 * alpha:.2f})" title="{bits:.1f} bits">{escape(shown)}</span>'
