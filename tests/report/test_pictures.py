"""Pictures of samples: what is drawn is what was sampled."""

import numpy as np
import torch
from PIL import Image

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.codecs.text import ByteCodec, CharacterCodec
from ar_lab.report.pictures import image_grid, render, save_samples


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_grid_shows_every_image_from_black_to_white():
    codec = ImageCodec((2, 2, 1), 17, 17)
    x = torch.tensor([[0, 16, 8, 0], [16, 0, 0, 16]])
    grid = np.asarray(image_grid(x, codec.space))
    factor = grid.shape[1] // 7  # two images of 2 pixels and three lines
    small = grid[factor // 2 :: factor, factor // 2 :: factor]
    assert small[1:3, 1:3].tolist() == [[0, 255], [128, 0]]
    assert small[1:3, 4:6].tolist() == [[255, 0], [0, 255]]


def test_colors_are_kept(tmp_path):
    codec = ImageCodec((1, 1, 3), 256, 256)
    path = save_samples(codec, torch.tensor([[200, 10, 30]]), tmp_path)
    picture = pixels(path)
    assert picture[picture.shape[0] // 2, picture.shape[1] // 2].tolist() == [200, 10, 30]


def test_texts_are_written_one_after_another(tmp_path):
    codec = CharacterCodec("abc", unknown=False, context=3)
    path = save_samples(codec, torch.tensor([[0, 1, 2], [2, 2, 0]]), tmp_path)
    lines = path.read_text().splitlines()
    assert (lines[0], lines[2]) == ("abc", "cca")


def test_bytes_that_are_no_text_are_kept_in_the_file(tmp_path):
    path = save_samples(ByteCodec(2), torch.tensor([[255, 0]]), tmp_path)
    assert path.read_bytes() == b"\xff\x00\n"
    assert render(ByteCodec(2), torch.tensor([[255, 65]])) == ["\ufffdA"]


def test_a_table_is_drawn_beside_the_data(tmp_path):
    codec = TableCodec.fitted(np.random.default_rng(0).normal(size=(20, 3)), ("a", "b", "c"))
    x = torch.randn(8, 3)
    path = save_samples(codec, x, tmp_path, reference=torch.randn(20, 3))
    assert pixels(path).shape[1] > 300
