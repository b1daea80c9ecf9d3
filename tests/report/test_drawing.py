"""Pictures of images that come about: what is not known yet has a color of its own."""

import numpy as np
import torch
from PIL import Image

from ar_lab.report.drawing import FRAMES, SHOWN, UNKNOWN, completion_grid, save_drawing
from ar_lab.report.pictures import image_grid
from ar_lab.space import Space

SPACE = Space("image", (2, 3, 1), 2)


def cells(picture, columns, space=SPACE):
    """The images in a picture of tiles, one pixel a pixel."""
    height, width, _ = space.shape
    factor = picture.width // (columns * (width + 1) + 1)
    pixels = np.asarray(picture.convert("RGB"))[factor // 2 :: factor, factor // 2 :: factor]
    rows = (len(pixels) - 1) // (height + 1)
    return np.array(
        [
            [
                pixels[1 + r * (height + 1) : (r + 1) * (height + 1), 1 + c * (width + 1) : (c + 1) * (width + 1)]
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def unknown(cell):
    return (abs(cell.astype(int) - UNKNOWN) < 8).all(-1)


def test_an_animation_draws_place_after_place_in_the_order(tmp_path):
    x, order = torch.tensor([[1, 0, 1, 1, 0, 1]]), torch.tensor([5, 4, 3, 2, 1, 0])
    save_drawing(x, SPACE, order, tmp_path / "drawing.gif")
    with Image.open(tmp_path / "drawing.gif") as animation:
        assert animation.n_frames == 7
        for frame in range(7):
            animation.seek(frame)
            hidden = unknown(cells(animation, 1)[0, 0]).flatten()
            assert hidden.tolist() == [True] * (6 - frame) + [False] * frame
        assert (cells(animation, 1)[0, 0, :, :, 0].flatten() == 255 * x[0].numpy()).all()


def test_an_animation_has_few_frames_and_few_images(tmp_path):
    space = Space("image", (10, 10, 1), 2)
    save_drawing(torch.ones(40, 100, dtype=torch.long), space, torch.arange(100), tmp_path / "drawing.gif")
    with Image.open(tmp_path / "drawing.gif") as animation:
        assert animation.n_frames == FRAMES
        assert unknown(cells(animation, 4, space)).all()
        animation.seek(FRAMES - 1)
        assert cells(animation, 4, space).shape[:2] == (SHOWN // 4, 4)
        assert not unknown(cells(animation, 4, space)).any()


def test_a_completion_stands_beside_its_original_and_what_is_known_of_it():
    originals = torch.tensor([[1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]])
    completed = torch.tensor([[[1, 1, 1, 0, 0, 0]] * 3, [[0, 0, 0, 1, 1, 1]] * 3])
    known = torch.tensor([True] * 3 + [False] * 3)
    shown = cells(completion_grid(originals, completed, known, SPACE), 5)
    assert shown.shape[:2] == (2, 5)
    assert (shown[0, 0] == 255).all()
    assert unknown(shown[0, 1]).tolist() == [[False] * 3, [True] * 3]
    for k in range(2, 5):
        assert shown[0, k, :, :, 0].tolist() == [[255] * 3, [0] * 3]
        assert shown[1, k, :, :, 0].tolist() == [[0] * 3, [255] * 3]


def test_channels_that_are_not_known_yet_are_told_apart():
    space = Space("image", (1, 1, 3), 2)
    grid = completion_grid(
        torch.ones(1, 3).long(), torch.ones(1, 1, 3).long(), torch.tensor([True, False, False]), space
    )
    assert cells(grid, 3, space)[0, 1, 0, 0].tolist() == [255, UNKNOWN[1], UNKNOWN[2]]


def test_labels_in_turn_make_a_column_each():
    space = Space("image", (2, 3, 1), 2, classes=3)
    x = (torch.arange(6) % 3 == 1).long()[:, None].expand(6, 6)
    shown = cells(image_grid(x, space), 3, space)
    assert (shown[:, 1] == 255).all()
    assert (shown[:, [0, 2]] == 0).all()
