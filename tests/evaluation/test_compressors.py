"""Sizes of files that decode to the very same data."""

import bz2
import gzip
import lzma
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ar_lab.evaluation import compressors
from ar_lab.evaluation.compressors import file_sizes, image_sizes, picture_sizes, side_by_side, stream_sizes, zstd_size

TEXT = b"to be or not to be, that is the question " * 20


def images(count: int, channels: int, levels: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(0, levels, (count, 6, 5, channels), dtype=np.uint8)


def test_sizes_are_those_of_whole_files():
    sizes = stream_sizes(TEXT)
    highest = {
        "gzip": gzip.compress(TEXT, 9),
        "bzip2": bz2.compress(TEXT, 9),
        "xz": lzma.compress(TEXT, preset=9 | lzma.PRESET_EXTREME),
    }
    assert sizes == {name: len(file) for name, file in highest.items()}


def test_of_two_ways_to_write_the_same_the_smaller_counts():
    bits = images(40, 1, 2)
    sizes = image_sizes(bits, 2)
    assert sizes["gzip"] == stream_sizes(np.packbits(bits).tobytes())["gzip"] < stream_sizes(bits.tobytes())["gzip"]


@pytest.mark.parametrize(("channels", "levels"), [(1, 256), (1, 17), (1, 2), (3, 256)])
def test_pictures_are_lossless(channels, levels, monkeypatch):
    files = []

    class Kept(BytesIO):
        def tell(self):
            files.append(self.getvalue())
            return len(files[-1])

    monkeypatch.setattr(compressors, "BytesIO", Kept)
    x = images(3, channels, levels)
    found = picture_sizes(x, levels)
    read = [np.asarray(Image.open(BytesIO(file)).convert("RGB" if channels == 3 else "L")) for file in files]
    expected = [*(x if channels == 3 else x[..., 0]), np.squeeze(side_by_side(x))] * len(found)
    assert len(read) == len(expected)
    for one, other in zip(read, expected, strict=True):
        assert np.array_equal(one // (255 if one.max() == 255 and levels == 2 else 1), other)


def test_all_images_are_in_the_one_picture():
    x = images(5, 3)
    grid = side_by_side(x)
    assert grid.shape == (12, 15, 3)
    for k, image in enumerate(x):
        top, left = 6 * (k // 3), 5 * (k % 3)
        assert np.array_equal(grid[top : top + 6, left : left + 5], image)


def test_channels_without_a_format_have_no_pictures():
    assert picture_sizes(images(2, 2), 256) == {}


@pytest.mark.parametrize("size", [0, 3_000_000])
def test_a_file_is_as_long_as_its_bytes_in_one_piece(tmp_path: Path, size: int):
    raw = np.random.default_rng(0).integers(0, 7, size, dtype=np.uint8).tobytes()
    (tmp_path / "file").write_bytes(raw)
    sizes = file_sizes(tmp_path / "file")
    assert {name: sizes[name] for name in ("gzip", "bzip2", "xz")} == stream_sizes(raw)
    assert sizes.keys() - {"gzip", "bzip2", "xz"} == zstd_size(raw).keys()
    assert all(0 < found <= max(40, size / 2) for found in sizes.values())
