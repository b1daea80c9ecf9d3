"""What task=compress and task=verify print. No torch."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

LENGTHS = {
    "raw": "ar_lab, given the model",
    "two_part": "ar_lab, with the model in the file (two-part)",
    "prequential": "ar_lab, learned while coding (prequential)",
}
PER = {"char": "bits/char", "byte": "bits/byte", "dim": "bits/dim"}


def print_compression(result: dict[str, Any]) -> None:
    """A line a code, and what the file took."""
    table = Table("code", PER[result["unit"]], "bytes", "of the raw bytes")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, size in codes(result):
        table.add_row(name, *_cells(size, result))
    console = Console(width=100, highlight=False)
    console.print(table)
    print(*compression_lines(result), sep="\n")


def codes(result: dict[str, Any]) -> Iterator[tuple[str, int | float | None]]:
    """Every code of the same contents, with its bytes."""
    yield "the likelihood's own (ideal)", result["ideal_bits"] / 8
    yield from ((name, result["lengths"][key]) for key, name in LENGTHS.items())
    yield from result["others"].items()


def _cells(size: int | float | None, result: dict[str, Any]) -> tuple[str, str, str]:
    if size is None:
        return "-", "-", "-"
    rate = f"{size * 8 / result['symbols']:.4f}" if result["symbols"] else "-"
    share = f"{100 * size / result['raw_bytes']:.1f} %" if result["raw_bytes"] else "-"
    return rate, f"{size:,.0f}", share


def compression_lines(result: dict[str, Any]) -> Iterator[str]:
    """The file's size against its ideal length, speed, and whether it was decoded."""
    of = result["overhead_bytes"]
    model = result["bytes"] - result["ideal_bits"] / 8 - of
    within = f", of which {model:,.0f} are the model in it" if model >= 1 else ""
    yield f"file: {result['bytes']:,} bytes{within}; {of:+,.1f} bytes against the ideal length"
    yield f"coded in {result['encode_seconds']:.1f} s, {_speed(result, result['encode_seconds'])}; {_decoded(result)}"
    yield f"side by side: {result['lanes']:,}; chunks: {result['chunks']:,}"
    if result["escapes"]:
        yield f"escaped: {result['escapes']:,} characters that the model has no level for"
    yield from (f"note: {note}" for note in result["notes"])


def _decoded(result: dict[str, Any]) -> str:
    if not result["checked"]:
        return "not decoded (task.check=false)"
    return f"decoded in {result['decode_seconds']:.1f} s, {_speed(result, result['decode_seconds'])}: the same"


def _speed(result: dict[str, Any], seconds: float) -> str:
    return f"{result['raw_bytes'] / 1000 / max(seconds, 1e-9):,.1f} kB/s"


def print_verified(result: dict[str, Any]) -> None:
    """What a file says of itself, and what came of it."""
    said = {True: "yes", False: "no", None: "not tried"}
    for key, value in result.items():
        shown = said[value] if value is None or isinstance(value, bool) else value
        print(f"{key + ':':10s} {shown}")
