"""The chain rule of one point as chain_rule.csv and as a table of its first and last conditionals. No torch."""

import csv
from collections.abc import Iterator
from itertools import accumulate
from math import exp, log
from pathlib import Path
from typing import Any, NamedTuple

from ar_lab.report.listing import print_rows

HEAD, TAIL = 8, 3  # conditionals that are printed


class Chain(NamedTuple):
    """The conditionals of one example, in the order of the chain rule."""

    index: int  # of the example in the test part
    label: int | None  # that its conditionals are given
    headings: list[str]  # of the places
    places: list[tuple[Any, ...]]
    values: list[Any]  # levels, or standardized numbers
    shown: list[Any]  # what they are in the raw object
    nats: list[float]  # -log p(x_i | before), charges included

    @property
    def total(self) -> float:
        return sum(self.nats)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """i, its place, value and raw value, p(x_i | before), nats and cumulative nats."""
        columns = self.places, self.values, self.shown, self.nats, accumulate(self.nats)
        for i, (place, value, shown, nats, total) in enumerate(zip(*columns, strict=True)):
            yield (i, *place, value, shown, exp(-nats) if nats > -700 else float("inf"), nats, total)

    @property
    def columns(self) -> list[str]:
        return ["i", *self.headings, "value", "raw", "p(x_i | before)", "nats", "cumulative nats"]


def save_chain(chain: Chain, directory: Path) -> Path:
    path = directory / "chain_rule.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(chain.columns)
        writer.writerows(chain.rows())
    return path


def print_chain(chain: Chain) -> None:
    """The first conditionals, the last ones, and what they multiply to."""
    rows = [_shown(row) for row in chain.rows()]
    if len(rows) > HEAD + TAIL + 1:
        rows = [*rows[:HEAD], ["…"] * len(rows[0]), *rows[-TAIL:]]
    print_rows(chain.columns, rows)
    given = "" if chain.label is None else f", given label {chain.label}"
    print(
        f"example {chain.index} of the test part{given}: the product of its {len(chain.nats)} conditionals is "
        f"p(x) = exp(-{chain.total:.4f}) = 10^{-chain.total / log(10):.2f}"
    )


def _shown(row: tuple[Any, ...]) -> list[str]:
    *values, p, nats, total = row
    return [
        *(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values),
        f"{p:.4g}",
        f"{nats:.4f}",
        f"{total:.4f}",
    ]
