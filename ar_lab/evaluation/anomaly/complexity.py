"""Complexity: the bits that general compressors need for an example on its own (Serrà et al., 2020)."""

import io
import lzma
import zlib
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image

# Without a header and with a small dictionary: xz's own headers are as long as many an example.
XZ = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 2**16}]
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": lambda raw: zlib.compress(raw, 9),
    "xz": lambda raw: lzma.compress(raw, lzma.FORMAT_RAW, filters=XZ),
}


def compressed_bits(raw: Sequence[bytes], compressor: str) -> Float64[np.ndarray, " examples"]:
    """The length of every example, compressed alone."""
    return np.array([8.0 * len(COMPRESSORS[compressor](example)) for example in raw])


def png_bits(images: UInt8[np.ndarray, "examples height width channels"]) -> Float64[np.ndarray, " examples"]:
    """The length of every image as a PNG file; images of other than 1 or 3 channels lie side by side in a gray one."""
    if images.shape[-1] not in (1, 3):
        images = np.moveaxis(images, -1, 2).reshape(*images.shape[:2], -1, 1)
    return np.array([8.0 * len(_png(image)) for image in images])


def _png(image: UInt8[np.ndarray, "height width channels"]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "PNG", optimize=True)
    return file.getvalue()
