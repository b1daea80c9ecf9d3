"""bits.csv: what every dimension costs on average, or every symbol of a text; and loss by context."""

import csv
from collections.abc import Iterable, Sequence
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ar_lab.codecs.base import Codec


def save_dimensions(nll: Float[np.ndarray, "examples dims"], codec: Codec, path: Path) -> None:
    """A row a dimension: its mean bits over examples and their standard error."""
    places, heading = named_places(codec)
    mean, se = mean_and_error(nll / log(2))
    rows = ([*place, float(m), _cell(e)] for place, m, e in zip(places, mean, se, strict=True))
    _write(path, [*heading, "bits", "bits_se"], rows)


def save_symbols(symbols: Sequence[str], nll: Float[np.ndarray, " length"], path: Path) -> None:
    """A row a symbol, in the text's order."""
    bits = (nll / log(2)).tolist()
    _write(path, ["place", "symbol", "bits"], ([k, *row] for k, row in enumerate(zip(symbols, bits, strict=True))))


def save_contexts(nll: Float[np.ndarray, "windows dims"], path: Path) -> None:
    """A row a number of symbols known before: mean nats of the next one over windows, with their standard error."""
    mean, se = mean_and_error(nll)
    rows = ([k, float(m), _cell(e)] for k, (m, e) in enumerate(zip(mean, se, strict=True)))
    _write(path, ["context", "nats", "nats_se"], rows)


def named_places(codec: Codec) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Where every dimension is, and what these coordinates are called."""
    space = codec.space
    if space.kind == "image":
        return list(np.ndindex(*space.shape)), ["row", "column", "channel"]
    return [(name,) for name in getattr(codec, "columns", range(space.dims))], ["column"]


def mean_and_error(
    values: Float[np.ndarray, "count dims"],
) -> tuple[Float[np.ndarray, " dims"], Float[np.ndarray, " dims"]]:
    """The mean over rows and its standard error, nan of a single row."""
    mean = values.mean(0)
    return mean, values.std(0, ddof=1) / sqrt(len(values)) if len(values) > 1 else np.full_like(mean, np.nan)


def _cell(value: float) -> float | str:
    return "" if np.isnan(value) else float(value)


def _write(path: Path, heading: list[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        csv.writer(file).writerows([heading, *rows])
