"""Files of a run: written whole or not at all, and told from those of another time."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from threading import get_ident
from typing import Any


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Plain containers, atomically; a number that is not finite becomes null, for JSON has none."""
    write_atomically(path, json.dumps(_without_nan(content), indent=2, allow_nan=False) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """A reader, or the next start after a kill, sees the old file or the new one and nothing between."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.{get_ident()}.tmp")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def make_unique(path: Path) -> Path:
    """Makes `path`, or `path`_2, _3, … when it is taken; never one that somebody else made."""
    number, candidate = 1, path
    while True:
        try:
            candidate.mkdir(parents=True)
            return candidate
        except FileExistsError:
            number += 1
            candidate = path.with_name(f"{path.name}_{number}")


def stamps(paths: Iterable[str | Path]) -> dict[str, list[int] | None]:
    """Size in bytes and time of the last change, in nanoseconds, of every file; None for one that is not there."""
    return {str(Path(path).absolute()): _stamp(Path(path)) for path in paths}


def _stamp(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    finite = not isinstance(value, float) or abs(value) < float("inf")
    return value if finite else None
