"""Files of the user's as contents of a run's codec, and back."""

import csv
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BytesIO, StringIO
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from jaxtyping import Integer, Shaped, UInt8
from PIL import Image

from ar_lab.codecs.base import Codec
from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.coding.contents import Contents, Grid, counted
from ar_lab.coding.text import decode_text, encode_text
from ar_lab.data.image_files import SUFFIXES, image_paths
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError, DataError
from ar_lab.tasks.raw import KINDS, columns_of, raw_of

PICTURE, FOLDER = b"p", b"f"  # what images were; an array says nothing
NAMES = 2**26  # bytes: what the names of a folder's files may have


@contextmanager
def read_contents(
    path: Path | None, codec: Codec, precision: float | None = None, parts: Parts | None = None
) -> Iterator[Contents]:
    """What a path holds, or without one the test part; a long text lies in a temporary file as long as the block runs.

    Raises:
        ConfigError: for a path of another kind, images of another shape, and what the codec would lose.
        DataError: for what cannot be read.
    """
    if path is not None and not path.exists():
        raise ConfigError(f"task.input={path}: no such file or folder")
    kind = codec.space.kind
    if kind == "sequence" and (path is not None or parts.is_stream):
        if path is not None and path.is_dir():
            raise ConfigError(f"task.input={path}: a folder, the run's data are {KINDS[kind]}; name a file")
        with _opened(path, codec, parts) as file, _stream(file, codec) as contents:
            yield contents
    elif isinstance(codec, TableCodec):
        yield _rows(path, codec, precision, parts)
    elif path is None:
        yield Contents(parts.test.numpy())
    elif isinstance(codec, ImageCodec):
        yield _images(path, codec)
    else:
        raise ConfigError(f"task.input={path}: files of {KINDS[kind]} of levels are not read; leave it out")


@contextmanager
def _opened(path: Path | None, codec: Codec, parts: Parts | None) -> Iterator[BufferedIOBase]:
    if path is not None:
        with path.open("rb") as file:
            yield file
        return
    text = codec.decode(parts.test)
    yield BytesIO(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


@contextmanager
def _stream(file: BufferedIOBase, codec: Codec) -> Iterator[Contents]:
    dtype = np.uint8 if codec.space.levels <= 256 else np.int32
    with tempfile.TemporaryFile() as sink:
        found = encode_text(file, codec, sink)
        sink.flush()
        symbols = np.memmap(sink, dtype, "r") if found.symbols else np.zeros(0, dtype)
        yield Contents(symbols, found.extra, found.escapes)


def _rows(path: Path | None, codec: TableCodec, precision: float | None, parts: Parts | None) -> Contents:
    if path is None and precision is None:
        raise ConfigError(
            "task.precision=null: the run's test part is standardized, and has no last decimal; "
            "give task.precision, or the table itself by task.input"
        )
    if path is not None:
        _check_columns(path, codec)
    rows = codec.decode(parts.test) if path is None else raw_of(path, codec)
    counts, grid = counted(rows, codec.columns, precision)
    return Contents(counts, grid.to_bytes())


def _check_columns(path: Path, codec: TableCodec) -> None:
    """Raises ConfigError for a column that would be lost."""
    names = columns_of(path)
    if lost := [name for name in names if name not in codec.columns]:
        raise ConfigError(f"task.input={path}: the run does not know the column {lost[0]!r}; leave it out of the file")
    if doubles := {name for name in names if names.count(name) > 1}:
        raise ConfigError(
            f"task.input={path}: has two columns {min(doubles)!r}; rename one, or leave it out of the file"
        )


def _images(path: Path, codec: ImageCodec) -> Contents:
    images = raw_of(path, codec)
    _check_pictures(path)
    if images.shape[1:] != codec.shape:
        raise ConfigError(
            f"task.input={path}: images of shape {images.shape[1:]} (height, width, channels), "
            f"the run's are {codec.shape}"
        )
    symbols = codec.encode(images).numpy()
    if not np.array_equal(codec.decode(codec.encode(images)), images):
        raise ConfigError(
            f"task.input={path}: pixels would be lost, for the run knows {codec.levels} levels of {codec.raw_levels}; "
            "use a run with data.levels=null"
        )
    return Contents(symbols, _names(path))


def _check_pictures(path: Path) -> None:
    """Raises ConfigError for a picture that has more than the pixels which are read of it."""
    pictures = image_paths(path) if path.is_dir() else [path] if path.suffix.lower() in SUFFIXES else []
    for file in pictures:
        with Image.open(file) as image:
            frames, clear = getattr(image, "n_frames", 1), "transparency" in image.info
        if frames > 1:
            raise ConfigError(
                f"task.input={file}: {frames - 1} of {frames} frames would be lost; save each as a picture"
            )
        if clear:
            raise ConfigError(f"task.input={file}: its transparency would be lost; save it as gray or RGB without")


def _names(path: Path) -> bytes:
    """What images were besides their pixels."""
    if path.is_dir():
        names = [file.relative_to(path).with_suffix(".png").as_posix() for file in image_paths(path)]
        if doubles := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"task.input={path}: two images would be {min(doubles)} again; rename one of them")
        return FOLDER + zlib.compress(json.dumps(names).encode(), 9)
    return PICTURE if path.suffix.lower() in SUFFIXES else b""


def write_contents(path: Path, symbols: Integer[np.ndarray, "..."], extra: bytes, codec: Codec) -> None:
    """Writes what was read, under a name beside `path` until it is whole.

    Raises:
        DataError: for side information that is damaged.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write(part, symbols, extra, codec)
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)


def _write(path: Path, symbols: Integer[np.ndarray, "..."], extra: bytes, codec: Codec) -> None:
    if symbols.ndim == 1:
        with path.open("wb") as file:
            file.writelines(decode_text(symbols, extra, codec))
    elif isinstance(codec, TableCodec):
        path.write_text(table_text(symbols, Grid.from_bytes(extra, len(codec.columns)), codec), encoding="utf-8")
    elif isinstance(codec, ImageCodec):
        _write_images(path, codec.decode(torch.from_numpy(np.ascontiguousarray(symbols))), extra)
    else:
        with path.open("wb") as file:
            np.savez_compressed(file, x=symbols)


def table_text(counts: Integer[np.ndarray, "rows columns"], grid: Grid, codec: TableCodec) -> str:
    """Rows as a CSV file under the names of the columns."""
    file = StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(codec.columns)
    for row in grid.numbers(counts).tolist():
        lines.writerow([grid.written(number, column) for column, number in enumerate(row)])
    return file.getvalue()


def _write_images(path: Path, images: UInt8[np.ndarray, "count height width channels"], extra: bytes) -> None:
    if not extra:
        with path.open("wb") as file:
            np.savez_compressed(file, images=images.squeeze(-1) if images.shape[-1] == 1 else images)
    elif extra == PICTURE and len(images) == 1:
        _picture(images[0]).save(path, "PNG")
    else:
        path.mkdir()
        for name, image in zip(_folder(extra, len(images)), images, strict=True):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            _picture(image).save(path / name, "PNG")


def _folder(extra: bytes, count: int) -> list[str]:
    """The names of a folder's files, none of which leads out of it."""
    try:
        names = json.loads(zlib.decompressobj().decompress(extra.removeprefix(FOLDER), NAMES))
    except (zlib.error, ValueError, RecursionError) as error:
        raise DataError("its file names are damaged") from error
    sound = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
    if not sound or not all(map(_stays_inside, names)):
        raise DataError("its file names are not those of a folder")
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    if len(set(names)) < count or not folders.isdisjoint(names):
        raise DataError("two of its files would be one")
    return names


def _stays_inside(name: str) -> bool:
    """Whether a name is that of a file below a folder, written as a path writes itself."""
    path = PurePosixPath(name)
    try:
        os.fsencode(name)
    except UnicodeError:
        return False
    return bool(path.parts) and str(path) == name and not path.is_absolute() and not {"..", "\0"} & {*path.parts, *name}


def _picture(image: Shaped[np.ndarray, "height width channels"]) -> Image.Image:
    return Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)
