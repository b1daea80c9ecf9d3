"""task=compress: a file as long as its likelihood says, held to it by decoding it again."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer

from ar_lab import runs
from ar_lab.coding.container import write_container
from ar_lab.coding.contents import Contents
from ar_lab.coding.header import Header, Online
from ar_lab.coding.layout import Layout, lanes_of
from ar_lab.errors import DataError
from ar_lab.report.bar import Bar
from ar_lab.report.compression import print_compression
from ar_lab.restore import Restored, restore
from ar_lab.tasks.contents import read_contents
from ar_lab.tasks.decompress import check_free, decoded
from ar_lab.tasks.lengths import lengths, online_layout, other_codes
from ar_lab.tasks.loading import parts_of
from ar_lab.tasks.packed import Packed, header_of, of_run
from ar_lab.tasks.verify import equals
from ar_lab.trainer import device_of

BATCH = 256  # examples that are coded side by side
PIECE = 2**20  # symbols or examples that are compared at a time
UNITS = {"characters": "char", "bytes": "byte"}


def compress(config: dict[str, Any]) -> None:
    """Codes `task.input`, or the run's own test part, and writes what that took into RUN/compress/.

    Raises:
        ConfigError: for an output that is there already, and contents that the run's model does not know.
        DataError: when the file does not decode to what it was made from.
    """
    task, restored = config["task"], restore(config["run"])
    packed = of_run(restored, device_of(config["trainer"]), task["weights"])
    parts = parts_of(restored.run, config) if task["input"] is None else None
    path = None if task["input"] is None else Path(task["input"])
    named = named_output(task, path)
    directory = restored.run.subdirectory("compress")
    output = named or directory / "test.arlab"
    with read_contents(path, packed.codec, task["precision"], parts) as contents:
        with unfinished(output) as part:
            header, bits, seconds = written(part, contents, packed, config)
            again = checked(part, path, contents, restored, packed) if task["check"] else None
        found = summary(output, header, bits, contents, packed, config)
        found |= {"encode_seconds": seconds, "checked": task["check"], "decode_seconds": again}
    runs.write_json(directory / "result.json", found)
    print_compression(found)
    print(output)


def named_output(task: dict[str, Any], path: Path | None) -> Path | None:
    """Where the line says that the file goes; None for the run's own test part, unless it says where.

    Raises:
        ConfigError: for an output that is there already.
    """
    beside = None if path is None else path.with_name(path.name + ".arlab")
    output = beside if task["output"] is None else Path(task["output"])
    if output is not None:
        check_free(output)
    return output


def written(part: Path, contents: Contents, packed: Packed, config: dict[str, Any]) -> tuple[Header, float, float]:
    """Codes contents into a file; returns its header, its ideal bits and the seconds."""
    task, layout = config["task"], layout_of(contents, config["task"])
    online = Online(task["online_lr"], task["online_segment"], config["seed"]) if task["online"] else None
    used = packed if online is None else packed.fresh(online.seed)
    section = packed.embedded(online) if task["embed_model"] else b""
    header = header_of(used, layout, contents.extra, section, online)
    coder, began = used.coder(layout, contents.extra, online), time.perf_counter()
    with tempfile.TemporaryFile() as sink:
        with Bar(f"coding {layout.symbols:,} symbols", layout.symbols) as bar:
            chunks, nats = coder.encode(contents.symbols.reshape(-1), sink, bar.advance)
        sink.seek(0)
        header = replace(header, chunks=tuple(chunks))
        write_container(part, header, contents.extra, section, sink)
    return header, nats / log(2) + 8 * len(contents.extra), time.perf_counter() - began


@contextmanager
def unfinished(output: Path) -> Iterator[Path]:
    """A name beside the output, which it gets when the block is through."""
    part = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        yield part
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def layout_of(contents: Contents, task: dict[str, Any]) -> Layout:
    """Which symbols are coded side by side."""
    if task["online"]:
        return online_layout(contents, task)
    count, *dims = contents.symbols.shape
    if dims:
        return Layout(count, dims[0], task["lanes"] or BATCH)
    return Layout(count, None, task["lanes"] or lanes_of(count))


def checked(part: Path, path: Path | None, contents: Contents, restored: Restored, packed: Packed) -> float:
    """Decodes the file that was written, and returns the seconds.

    Raises:
        DataError: when it holds anything else than its input.
    """
    with decoded(part, restored, packed.model.network.device) as again:
        same = are_equal(again.symbols, contents.symbols) and again.extra == contents.extra
        if not same or (path is not None and not equals(path, again)):
            raise DataError("the code does not decode to what it was made from, so no file was written")
        return again.seconds


def are_equal(one: Integer[np.ndarray, "..."], two: Integer[np.ndarray, "..."]) -> bool:
    """Whether symbols are the same, compared piece by piece, since they may not fit into memory."""
    pieces = range(0, len(one), PIECE)
    return one.shape == two.shape and all(np.array_equal(one[i : i + PIECE], two[i : i + PIECE]) for i in pieces)


def summary(
    output: Path, header: Header, bits: float, contents: Contents, packed: Packed, config: dict[str, Any]
) -> dict[str, Any]:
    """What result.json and the table say of a file."""
    task, symbols, size = config["task"], header.layout.symbols, output.stat().st_size
    unit = UNITS.get(packed.codec.kind, "dim")
    others, raw_bytes = other_codes(contents, packed.codec, task["input"])
    return {
        "input": task["input"] or "the run's test part",
        "output": str(output),
        "unit": unit,
        "symbols": symbols,
        "raw_bytes": raw_bytes,
        "bytes": size,
        "ideal_bits": bits,
        "overhead_bytes": size - header.embedded - bits / 8,
        f"bits_per_{unit}": size * 8 / symbols if symbols else None,
        "lengths": lengths(size, header, contents, packed, config),
        "others": others,
        "escapes": contents.escapes,
        "lanes": header.layout.lanes,
        "chunks": len(header.chunks),
        "notes": notes(packed),
    }


def notes(packed: Packed) -> list[str]:
    """What a reader of the lengths must know."""
    found = ["given the model: whoever decodes has the run; with the model in the file: nothing but the file is needed"]
    if packed.codec.space.kind == "image":
        found.append("of images the pixels are kept, and of a folder the names: no metadata, labels or other files")
    return found
