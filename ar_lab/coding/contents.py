"""What a file holds: symbols of the model's space, and what else it takes to have the file again."""

from dataclasses import dataclass
from decimal import Decimal
from struct import pack, unpack

import numpy as np
from jaxtyping import Float, Int64, Integer

from ar_lab.coding.fields import Fields, varint
from ar_lab.errors import ConfigError, DataError

DECIMALS = 9
EXACT = 2**53  # integers below it are exact in double precision


@dataclass(frozen=True)
class Contents:
    """A stream `(length,)` or examples `(count, dims)`; `extra` lies in the file as it is."""

    symbols: Integer[np.ndarray, "..."]
    extra: bytes = b""
    escapes: int = 0  # characters that the model has no level for, which lie in `extra`


@dataclass(frozen=True)
class Grid:
    """The steps in which a table's columns are counted, and the least and greatest count of each."""

    steps: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    decimals: tuple[int, ...] | None  # of every column; None: one step for all

    def to_bytes(self) -> bytes:
        kind = b"\0" + pack("<d", self.steps[0]) if self.decimals is None else b"\1" + bytes(self.decimals)
        bounds = (varint(_zigzag(low)) + varint(high - low) for low, high in zip(self.low, self.high, strict=True))
        return kind + b"".join(bounds)

    @classmethod
    def from_bytes(cls, content: bytes, columns: int) -> "Grid":
        """Raises DataError for what no table has."""
        fields = Fields(content)
        kind = fields.integer(1)
        decimals = tuple(fields.take(columns)) if kind else None
        steps = columns * unpack("<d", fields.take(8)) if decimals is None else tuple(10.0**-d for d in decimals)
        bounds = [(_unzigzag(fields.varint()), fields.varint()) for _ in range(columns)]
        fields.end()
        low, high = (tuple(part) for part in zip(*((low, low + span) for low, span in bounds), strict=True))
        known = kind <= 1 and max(decimals or (0,)) <= DECIMALS and all(0 < step < float("inf") for step in steps)
        if not known or max(map(abs, (*low, *high))) > EXACT:
            raise DataError("its table has numbers that cannot be counted in its steps")
        return cls(steps, low, high, decimals)

    def numbers(self, counts: Int64[np.ndarray, "rows columns"]) -> Float[np.ndarray, "rows columns"]:
        """The numbers that counts of steps stand for: with decimals, those that are written so."""
        if self.decimals is None:
            return counts * np.array(self.steps)
        return counts / 10.0 ** np.array(self.decimals)

    def written(self, number: float, column: int) -> str:
        """With as many decimals as the column has, or the step: three steps of 0.1 are 0.3."""
        decimals = _decimals_of(self.steps[column]) if self.decimals is None else self.decimals[column]
        return f"{number:.{decimals}f}"


def counted(
    rows: Float[np.ndarray, "rows columns"], columns: tuple[str, ...], precision: float | None
) -> tuple[Int64[np.ndarray, "rows columns"], Grid]:
    """Rows as counts of a step, or of the last decimal that each column has.

    Raises:
        ConfigError: for a column with more decimals than double precision has, or too many steps.
        DataError: for what is not a finite number.
    """
    if not np.isfinite(rows).all():
        raise DataError("a table to be coded has numbers alone, and here is nan or inf")
    decimals = None if precision is not None else tuple(map(_decimals, rows.T, columns))
    with np.errstate(over="ignore"):  # what overflows is refused below
        counts = np.rint(rows / precision) if decimals is None else np.rint(rows * 10.0 ** np.array(decimals))
    if counts.size and np.abs(counts).max() >= EXACT:
        given = "null" if precision is None else precision
        raise ConfigError(f"task.precision={given}: the numbers are too many steps from 0; take a larger one")
    counts = counts.astype(np.int64)
    low, high = ((part.tolist()) for part in (counts.min(0, initial=EXACT), counts.max(0, initial=-EXACT)))
    if not len(rows):
        low = high = [0] * len(columns)
    steps = (precision,) * len(columns) if decimals is None else tuple(10.0**-d for d in decimals)
    return counts, Grid(steps, tuple(low), tuple(high), decimals)


def _decimals(column: Float[np.ndarray, " rows"], name: str) -> int:
    """The fewest decimals with which every number is written exactly."""
    with np.errstate(over="ignore"):  # a number that overflows equals none
        for decimals in range(DECIMALS + 1):
            if (np.rint(column * 10.0**decimals) / 10.0**decimals == column).all():
                return decimals
    raise ConfigError(
        f"task.precision=null: column {name!r} has numbers of more than {DECIMALS} decimals; "
        "give the step to which they are to be kept, such as task.precision=0.001"
    )


def _decimals_of(step: float) -> int:
    return max(0, -Decimal(repr(step)).normalize().as_tuple().exponent)


def _zigzag(number: int) -> int:
    return 2 * number if number >= 0 else -2 * number - 1


def _unzigzag(number: int) -> int:
    return number // 2 if number % 2 == 0 else -(number // 2) - 1
