"""Counts of n-grams: which symbols follow which contexts, how often, for contexts of every length up to a reach."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int, Int64
from torch import Tensor

KEYS = 2**62  # keys stay below it


class Grams(NamedTuple):
    """The distinct n-grams of one length, in the order of their contexts (nearest symbol first), then of the symbol."""

    columns: Int[Tensor, "columns types"]  # the context's symbols, the nearest first, and then the symbol after it
    counts: Int64[Tensor, " types"]

    @property
    def reach(self) -> int:
        """Symbols of context."""
        return len(self.columns) - 1

    def contexts(self, reach: int) -> Int64[Tensor, " types"]:
        """The number of each n-gram's context of `reach` symbols among all of that length."""
        return changes(self.columns[:reach]).cumsum(0) - 1


def count_grams(pieces: Sequence[Int[Tensor, "_ _"]], reach: int, base: int, start: int = -1) -> list[Grams]:
    """The n-grams of the rows of all pieces with 0 … `reach` symbols of context, as Kneser and Ney (1995) count them.

    The longest are counted by occurrence, shorter ones by the distinct symbols before them. Rows may begin with `reach`
    symbols `start`, before which nothing stands: what begins with one counts by occurrence. All are below `base`.
    """
    columns = torch.cat([columns_of(rows, reach) for rows in pieces], dim=1)
    if not columns.numel():
        return []
    levels = [distinct(columns, torch.ones_like(columns[0], dtype=torch.int64), base)]
    while levels[-1].reach:
        longer = levels[-1]
        kept = [*range(longer.reach - 1), longer.reach]
        columns = longer.columns[kept]
        begins = columns[max(0, len(columns) - 2)] == start
        levels.append(distinct(columns, torch.where(begins, longer.counts, 1), base))
    return levels[::-1]


def columns_of(rows: Int[Tensor, "rows length"], reach: int) -> Int[Tensor, "columns places"]:
    """For every place that has so many symbols before it in its row: these, the nearest first, and its own."""
    places = max(0, rows.shape[1] - reach)
    lags = [*range(reach - 1, -1, -1), reach]
    return torch.stack([rows[:, lag : lag + places].flatten() for lag in lags])


def distinct(columns: Int[Tensor, "columns n"], counts: Int64[Tensor, " n"], base: int) -> Grams:
    """The distinct columns in lexicographic order, with the sums of their counts."""
    order = packed(columns, base).argsort()
    columns, counts = columns[:, order], counts[order]
    first = changes(columns)
    group = first.cumsum(0) - 1
    sums = torch.zeros(int(group[-1]) + 1, dtype=torch.int64, device=counts.device).index_add_(0, group, counts)
    return Grams(columns[:, first], sums)


def packed(columns: Int[Tensor, "columns n"], base: int) -> Int64[Tensor, " n"]:
    """Numbers in the order of the columns read as digits; ranks take the place of prefixes too long for int64."""
    key, size = columns[0].long(), base
    for column in columns[1:]:
        if size > KEYS // base:
            values, key = key.unique(return_inverse=True)
            size = len(values)
        key, size = key * base + column, size * base
    return key


def changes(columns: Int[Tensor, "columns n"]) -> Bool[Tensor, " n"]:
    """Where a column differs from the one before it; the first one does."""
    differs = (columns[:, 1:] != columns[:, :-1]).any(0)
    return torch.cat([differs.new_ones(min(1, columns.shape[1])), differs])
