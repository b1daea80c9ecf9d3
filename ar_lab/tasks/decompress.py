"""task=decompress: the very file that task=compress coded."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Integer

from ar_lab.codecs.base import Codec
from ar_lab.coding.container import open_container
from ar_lab.coding.header import Header
from ar_lab.errors import ConfigError
from ar_lab.report.bar import Bar
from ar_lab.restore import Restored, restore
from ar_lab.tasks.contents import write_contents
from ar_lab.tasks.packed import of_file
from ar_lab.trainer import device_of

IN_MEMORY = 2**22  # symbols; more lie in a temporary file


class Decoded(NamedTuple):
    """What a file holds, and by which codec it is read."""

    header: Header
    symbols: Integer[np.ndarray, "..."]
    extra: bytes
    codec: Codec
    seconds: float


def decompress(config: dict[str, Any]) -> None:
    """Writes what `task.input` holds to `task.output`.

    Raises:
        ConfigError: for an output that is there already, a model or place that is not the file's.
        DataError: for a file that is damaged.
    """
    task = config["task"]
    path = Path(task["input"])
    output = Path(task["output"] or decoded_name(path))
    check_free(output)
    restored = None if config["run"] is None else restore(config["run"])
    with decoded(path, restored, device_of(config["trainer"])) as found:
        write_contents(output, found.symbols, found.extra, found.codec)
        rate = found.header.layout.symbols / 1000 / max(found.seconds, 1e-9)
        print(f"{found.header.layout.symbols:,} symbols in {found.seconds:.1f} s, {rate:.1f} thousand a second")
    print(output)


def decoded_name(path: Path) -> Path:
    """Raises ConfigError for a name from which nothing can be taken away."""
    if path.suffix != ".arlab":
        raise ConfigError(f"task.input={path}: its name does not end with .arlab; give task.output=FILE")
    return path.with_suffix("")


def check_free(output: Path) -> None:
    """Raises ConfigError for an output that is there already, or has no directory to be in that takes files."""
    if output.exists():
        raise ConfigError(f"task.output={output}: is there already; give another name, or remove it")
    if not output.parent.is_dir():
        raise ConfigError(f"task.output={output}: there is no directory {output.parent}; make it first")
    try:
        tempfile.TemporaryFile(dir=output.parent).close()
    except OSError as error:
        raise ConfigError(f"task.output={output}: nothing can be written there: {error.strerror}") from error


@contextmanager
def decoded(path: Path, restored: Restored | None, device: torch.device, shown: bool = True) -> Iterator[Decoded]:
    """The symbols of a file, which for long ones lie in a temporary file as long as the block runs.

    Raises:
        ConfigError, DataError: as `of_file` and `open_container` say, with the name of the file.
    """
    threads = torch.get_num_threads()
    try:
        with open_container(path) as opened, _of_the_file(path):
            packed = of_file(opened, restored, device)
            header = opened.header
            coder = packed.coder(header.layout, opened.extra, header.online)
            with room(header.layout.symbols, packed.codec) as symbols:
                began = time.perf_counter()
                with Bar(f"decoding {path.name}", header.layout.symbols, shown) as bar:
                    coder.decode(header.chunks, opened.chunks, symbols, bar.advance)
                seconds = time.perf_counter() - began
                shape = (-1,) if header.layout.dims is None else (-1, header.layout.dims)
                yield Decoded(header, symbols.reshape(shape), opened.extra, packed.codec, seconds)
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _of_the_file(path: Path) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


@contextmanager
def room(symbols: int, codec: Codec) -> Iterator[Integer[np.ndarray, " symbols"]]:
    """Room for so many symbols: in memory, or in a temporary file, which a 64-bit machine reads as memory."""
    levels = codec.space.levels
    dtype = np.int64 if levels is None else np.uint8 if levels <= 256 else np.int32
    if symbols <= IN_MEMORY:
        yield np.zeros(symbols, dtype)
        return
    with tempfile.TemporaryFile() as file:
        os.truncate(file.fileno(), symbols * np.dtype(dtype).itemsize)
        yield np.memmap(file, dtype, "r+", shape=(symbols,))
