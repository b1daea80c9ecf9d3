"""Files as contents of a codec: nothing of a file is lost in silence, and no side information leads astray."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.errors import ConfigError, DataError
from ar_lab.tasks.contents import FOLDER, read_contents, write_contents

GRAY = ImageCodec((2, 3, 1), 256, 256)
TABLE = TableCodec((0.0, 0.0), (1.0, 1.0), ("a", "b"))


def gray(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (2, 3), dtype=np.uint8))


def test_a_folder_of_pictures_comes_back_under_its_names(tmp_path: Path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name, seed in (("one.png", 1), ("deep/two.bmp", 2)):
        gray(seed).save(tmp_path / "in" / name)
    with read_contents(tmp_path / "in", GRAY) as contents:
        write_contents(tmp_path / "out", contents.symbols, contents.extra, GRAY)
    for name, seed in (("one.png", 1), ("deep/two.png", 2)):
        np.testing.assert_array_equal(np.array(Image.open(tmp_path / "out" / name)), np.array(gray(seed)))


def test_a_picture_with_more_than_its_pixels_is_refused(tmp_path: Path):
    gray().save(tmp_path / "moving.gif", save_all=True, append_images=[gray(1), gray(2)])
    with pytest.raises(ConfigError, match="2 of 3 frames would be lost"), read_contents(tmp_path / "moving.gif", GRAY):
        pass
    gray().save(tmp_path / "clear.png", transparency=7)
    with pytest.raises(ConfigError, match="transparency would be lost"), read_contents(tmp_path / "clear.png", GRAY):
        pass


def names(*paths: str) -> bytes:
    return FOLDER + zlib.compress(json.dumps(paths).encode())


LEADING_ASTRAY = {
    "above": names("../a.png", "b.png"),
    "absolute": names("/a.png", "b.png"),
    "nothing": names("", "b.png"),
    "itself": names(".", "b.png"),
    "no file": names("a\0.png", "b.png"),
    "no text": names("\ud800.png", "b.png"),
    "other names": names("a//b.png", "b.png"),
    "one file": names("a.png", "a.png"),
    "a file that is a folder": names("a.png", "a.png/b.png"),
    "too few": names("a.png"),
    "no list": FOLDER + zlib.compress(b"7"),
    "deep": FOLDER + zlib.compress(b"[" * 10**5),
    "no names": FOLDER + b"names",
}


@pytest.mark.parametrize("extra", LEADING_ASTRAY.values(), ids=LEADING_ASTRAY)
def test_names_that_are_not_those_of_a_folder_are_refused_and_nothing_is_left(extra: bytes, tmp_path: Path):
    with pytest.raises(DataError, match="its"):
        write_contents(tmp_path / "out", np.zeros((2, 6), np.uint8), extra, GRAY)
    assert list(tmp_path.iterdir()) == []


def test_numbers_on_a_step_are_written_as_such(tmp_path: Path):
    (tmp_path / "in.csv").write_text("a,b\n5.1,-0.3\n0.3,1000000.7\n")
    with read_contents(tmp_path / "in.csv", TABLE, precision=0.1) as contents:
        write_contents(tmp_path / "out.csv", contents.symbols, contents.extra, TABLE)
    assert (tmp_path / "out.csv").read_text() == (tmp_path / "in.csv").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2,3\n", "does not know the column 'c'"),
        ("a,b,b\n1,2,3\n", "has two columns 'b'"),
        ("a,b\n1e300,2\n", "task.precision=null: column 'a'|too many steps from 0"),
    ],
)
def test_a_table_that_would_lose_something_is_refused(text: str, message: str, tmp_path: Path):
    (tmp_path / "in.csv").write_text(text)
    with pytest.raises(ConfigError, match=message), read_contents(tmp_path / "in.csv", TABLE):
        pass
