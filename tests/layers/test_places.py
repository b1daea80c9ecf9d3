"""A row and a pixel, computed from what was remembered, are those of the pass over the whole image."""

from itertools import product

import pytest
import torch

from ar_lab.layers.places import Place, ShiftedConvolution

OFFSETS = [
    (range(-1, 1), range(-1, 2)),
    (range(-1, 1), range(-1, 1)),
    (range(-2, 0), range(-1, 2)),
    (range(1), range(-1, 0)),
    (range(1), range(1)),
]


def convolution_and_input(rows, columns, stride=1) -> tuple[ShiftedConvolution, torch.Tensor]:
    torch.manual_seed(0)
    return ShiftedConvolution(3, 4, rows, columns, stride).double(), torch.randn(2, 5, 6, 3, dtype=torch.float64)


@pytest.mark.parametrize(("rows", "columns"), OFFSETS)
@torch.no_grad()
def test_the_taps_lie_where_the_offsets_say(rows, columns):
    convolution, x = convolution_and_input(rows, columns)
    y = Place(2, 5, 6).convolve(convolution, x)
    expected = convolution.bias.expand(2, 5, 6, 4).clone()
    for i, j, (m, r), (n, c) in product(range(5), range(6), enumerate(rows), enumerate(columns)):
        if i + r >= 0 and 0 <= j + c < 6:
            expected[:, i, j] += x[:, i + r, j + c] @ convolution.weight[:, :, m, n].T
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("rows", "columns"), OFFSETS)
@torch.no_grad()
def test_rows_and_pixels_repeat_the_whole(rows, columns):
    convolution, x = convolution_and_input(rows, columns)
    whole, by_row, by_pixel = Place(2, 5, 6).convolve(convolution, x), Place(2, 5, 6), Place(2, 5, 6)
    for i in range(5):
        row = by_row.row(i).convolve(convolution, x[:, i])
        torch.testing.assert_close(row, whole[:, i], rtol=0, atol=1e-12)
        for j in range(6 if rows[-1] < 0 or columns[-1] < 1 else 0):  # else it sees a pixel to its right
            pixel = by_pixel.pixel(i, j).convolve(convolution, x[:, i, j])
            torch.testing.assert_close(pixel, whole[:, i, j], rtol=0, atol=1e-12)


@pytest.mark.parametrize("columns", [range(-1, 2), range(-1, 1)])
@torch.no_grad()
def test_half_the_resolution_is_every_second_position(columns):
    convolution, x = convolution_and_input(range(-1, 1), columns)
    dense = Place(2, 5, 6).convolve(convolution, x)
    convolution.stride = 2
    whole = Place(2, 5, 6).convolve(convolution, x)
    torch.testing.assert_close(whole, dense[:, ::2, ::2], rtol=0, atol=1e-12)
    at = Place(2, 5, 6)
    for i in range(5):
        at.row(i).write(convolution, x[:, i])
        if at.row(i).starts_half:
            half = at.row(i).read(convolution)
            torch.testing.assert_close(half, whole[:, i // 2], rtol=0, atol=1e-12)


def test_places_at_half_the_resolution_cover_four():
    half = Place(1, 5, 7).pixel(3, 6).halved()
    assert (half.height, half.width, half.i, half.j) == (3, 4, 1, 3)
    assert [(i, j) for i in range(2) for j in range(2) if Place(1, 2, 2).pixel(i, j).starts_half] == [(0, 0)]
