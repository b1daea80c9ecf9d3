"""General compressors: what gzip, bzip2 and xz, and of images PNG and WebP, make of the same raw data.

Sizes are of whole files, headers included, so that each is a code length that anybody can have.
"""

import bz2
import gzip
import lzma
import shutil
import subprocess
import tempfile
import zlib
from io import BytesIO
from math import ceil, sqrt
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image, features

from ar_lab.errors import LabError

Images = UInt8[np.ndarray, "count height width channels"]
CHANNELS = (1, 3)  # gray or color
PICTURES: dict[str, dict[str, Any]] = {
    "png": {"optimize": True},
    "webp": {"lossless": True, "quality": 100},
}
PIECE = 2**20  # bytes of a file that are read at a time
SIDE = 16383  # pixels: the longest that WebP knows


def stream_sizes(*raw: bytes) -> dict[str, int]:
    """Bytes that each compressor's highest setting leaves of one stream: of several ways to write it, the least."""
    return {
        "gzip": min(len(gzip.compress(way, 9, mtime=0)) for way in raw),
        "bzip2": min(len(bz2.compress(way, 9)) for way in raw),
        "xz": min(len(lzma.compress(way, preset=9 | lzma.PRESET_EXTREME)) for way in raw),
    }


def image_sizes(images: Images, levels: int) -> dict[str, int]:
    """`stream_sizes` of levels in raster order, a byte each; two levels as bits as well, and whichever is smaller."""
    return stream_sizes(images.tobytes(), *([np.packbits(images).tobytes()] if levels == 2 else []))


def picture_sizes(images: Images, levels: int) -> dict[str, int]:
    """Bytes of lossless pictures: every image by itself, or all of them side by side, whichever is smaller.

    Left out: a format that this Pillow cannot write, and images of neither one nor three channels.
    """
    if images.shape[-1] not in CHANNELS:
        return {}
    formats = [name for name in PICTURES if name == "png" or features.check(name)]
    return {name: _least(images, name, levels) for name in formats}


def _least(images: Images, name: str, levels: int) -> int:
    apart, together = sum(_size(image, name, levels) for image in images), side_by_side(images)
    return apart if max(together.shape) > SIDE else min(apart, _size(together, name, levels))


def side_by_side(images: Images) -> UInt8[np.ndarray, "all_height all_width channels"]:
    """The images in rows, about as many as columns; what is left of the last row is level 0."""
    count, height, width, channels = images.shape
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    grid = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    grid[:count] = images
    lines = grid.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return lines.reshape(rows * height, columns * width, channels)


def _size(image: UInt8[np.ndarray, "height width channels"], name: str, levels: int) -> int:
    picture = Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)
    if levels == 2 and name == "png" and picture.mode == "L":
        picture = picture.point(lambda level: level * 255).convert("1")  # one bit a pixel
    file = BytesIO()
    picture.save(file, name, **PICTURES[name])
    return file.tell()


def file_sizes(path: Path) -> dict[str, int]:
    """`stream_sizes` and `zstd_size` of a file, in constant memory."""
    sizes = {
        "gzip": _streamed(path, zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)),
        "bzip2": _streamed(path, bz2.BZ2Compressor(9)),
        "xz": _streamed(path, lzma.LZMACompressor(preset=9 | lzma.PRESET_EXTREME)),
    }
    with path.open("rb") as file:
        return sizes | _zstd(stdin=file)


def zstd_size(raw: bytes) -> dict[str, int]:
    """Bytes that `zstd -19` leaves, where there is such a program; {} elsewhere."""
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.seek(0)
        return _zstd(stdin=file)


@runtime_checkable
class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _streamed(path: Path, compressor: _Compressor) -> int:
    size = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            size += len(compressor.compress(piece))
    return size + len(compressor.flush())


def _zstd(stdin: Any) -> dict[str, int]:
    program = shutil.which("zstd")
    if program is None:
        return {}
    with subprocess.Popen([program, "-19", "-q", "-c"], stdin=stdin, stdout=subprocess.PIPE) as process:
        size = sum(map(len, iter(lambda: process.stdout.read(PIECE), b"")))
    if process.returncode:
        raise LabError(f"{program} -19: ended with {process.returncode}")
    return {"zstd": size}
