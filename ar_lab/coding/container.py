"""A compressed file: whatever is wrong with one is said before anything is decoded.

ARLB | version | length of the header | header | side information | embedded model | chunks | CRC-32 of all before
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ar_lab.coding.fields import LONGEST, Fields, varint
from ar_lab.coding.header import Header
from ar_lab.errors import ConfigError, DataError

MAGIC = b"ARLB"
VERSION = 1
CHECK = 4  # bytes of the last checksum
PIECE = 2**20


class Opened(NamedTuple):
    """An intact file, read up to its chunks."""

    header: Header
    extra: bytes
    embedded: bytes
    chunks: BufferedIOBase


def write_container(path: Path, header: Header, extra: bytes, embedded: bytes, chunks: BufferedIOBase) -> int:
    """Writes a whole file, and returns how many bytes it has."""
    content = header.to_bytes()
    crc = 0
    with path.open("wb") as file:
        head = (MAGIC, bytes([VERSION]), varint(len(content)), content, extra, embedded)
        for piece in chain(head, pieces(chunks)):
            file.write(piece)
            crc = crc32(piece, crc)
        file.write(crc.to_bytes(CHECK, "little"))
        return file.tell()


@contextmanager
def open_container(path: Path) -> Iterator[Opened]:
    """A file that is whole: every byte of it is checked first, in constant memory.

    Raises:
        ConfigError: when there is no such file, or none that this version reads.
        DataError: when it is damaged or cut.
    """
    if not path.is_file():
        raise ConfigError(f"task.input={path}: no such file")
    with path.open("rb") as file:
        try:
            header = _read_header(file)
            _check(file, header, path.stat().st_size)
            yield Opened(header, file.read(header.extra), file.read(header.embedded), file)
        except DataError as error:
            raise type(error)(f"{path}: {error}") from error


def _read_header(file: BufferedIOBase) -> Header:
    start = file.read(len(MAGIC) + 1)
    if start[: len(MAGIC)] != MAGIC[: len(start)] or not start:
        raise DataError("is not a file that task=compress made: it begins otherwise")
    if len(start) <= len(MAGIC):
        raise DataError("is cut: it ends before its header")
    if start[-1] != VERSION:
        raise DataError(f"is of version {start[-1]} of the format, and this ar_lab reads version {VERSION}")
    begin = Fields(file.read(LONGEST))
    size = begin.varint()
    file.seek(len(MAGIC) + 1 + begin.place)
    there = _left(file)
    if size > there:
        raise DataError(f"is cut or damaged: its header has {size:,} bytes, of which {there:,} are there")
    return Header.from_bytes(file.read(size))


def _check(file: BufferedIOBase, header: Header, size: int) -> None:
    """Leaves the file where its sections begin."""
    begin, there = file.tell(), _left(file)
    if there != header.size + CHECK:
        whole = begin + header.size + CHECK
        fault = "is cut" if size < whole else "has something behind its end"
        raise DataError(f"{fault}, or its header is damaged: {size:,} bytes, where its header says {whole:,}")
    file.seek(0)
    crc = 0
    for piece in pieces(file, size - CHECK):
        crc = crc32(piece, crc)
    if crc != int.from_bytes(file.read(CHECK), "little"):
        raise DataError(f"is damaged: its checksum is another{_where(file, header, begin)}")
    file.seek(begin)


def _where(file: BufferedIOBase, header: Header, begin: int) -> str:
    """Which chunk the damage is in, if it is in one."""
    file.seek(begin + header.extra + header.embedded)
    for number, chunk in enumerate(header.chunks, 1):
        crc = 0
        for piece in pieces(file, chunk.size):
            crc = crc32(piece, crc)
        if crc != chunk.checksum:
            return f", in chunk {number} of {len(header.chunks)}"
    return ", in what is before its chunks or behind them"


def pieces(file: BufferedIOBase, size: int | None = None) -> Iterator[bytes]:
    """What a file holds from here on, up to `size` bytes, a piece at a time."""
    while size is None or size:
        piece = file.read(PIECE if size is None else min(PIECE, size))
        if not piece:
            return
        size = None if size is None else size - len(piece)
        yield piece


def _left(file: BufferedIOBase) -> int:
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end - here
