"""Images come back exactly, or from the center of the bin that the docstring promises."""

import json

import numpy as np
import pytest
import torch

from ar_lab import codecs
from ar_lab.codecs.image import ImageCodec
from ar_lab.errors import DataError


def pictures(raw_levels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, raw_levels, (5, 3, 4, 2), dtype=np.uint8)


@pytest.mark.parametrize("raw_levels", [2, 17, 256])
def test_with_all_levels_an_image_comes_back_exactly(raw_levels):
    codec = ImageCodec((3, 4, 2), raw_levels, raw_levels)
    raw = pictures(raw_levels)
    assert (codec.decode(codec.encode(raw)) == raw).all()
    assert (codec.encode(raw).numpy().reshape(raw.shape) == raw).all()


def test_dimensions_are_in_raster_order_with_channels_innermost():
    raw = np.arange(24, dtype=np.uint8).reshape(1, 3, 4, 2)
    assert ImageCodec((3, 4, 2), 256, 256).encode(raw).tolist() == [list(range(24))]


@pytest.mark.parametrize(("raw_levels", "levels"), [(256, 2), (256, 8), (256, 17), (17, 2), (17, 5), (256, 255)])
def test_with_fewer_levels_a_value_comes_back_as_the_center_of_its_bin(raw_levels, levels):
    codec = ImageCodec((1, raw_levels, 1), raw_levels, levels)
    raw = np.arange(raw_levels, dtype=np.uint8).reshape(1, 1, -1, 1)
    x = codec.encode(raw)
    assert x.flatten().tolist() == [value * levels // raw_levels for value in range(raw_levels)]
    centers = codec.decode(x).flatten()
    for level in range(levels):
        within = np.flatnonzero(x.flatten().numpy() == level)
        assert set(centers[within]) == {(within.min() + within.max()) // 2}


def test_two_levels_cut_at_the_middle():
    codec = ImageCodec((1, 2, 1), 256, 2)
    assert codec.encode(np.array([[[[127], [128]]]], dtype=np.uint8)).tolist() == [[0, 1]]


@pytest.mark.parametrize(("raw_levels", "levels"), [(17, 18), (17, 1), (257, 2)])
def test_levels_outside_their_bounds_are_refused(raw_levels, levels):
    with pytest.raises(ValueError, match=f"levels={levels}, raw_levels={raw_levels}"):
        ImageCodec((1, 1, 1), raw_levels, levels)


def test_images_that_do_not_fit_are_refused():
    codec = ImageCodec((3, 4, 2), 17, 17)
    with pytest.raises(DataError, match=r"shape \(4, 3, 2\).*knows \(3, 4, 2\)"):
        codec.encode(np.zeros((1, 4, 3, 2), dtype=np.uint8))
    with pytest.raises(DataError, match=r"value 17.*0\.\.16"):
        codec.encode(np.full((1, 3, 4, 2), 17, dtype=np.uint8))


def test_a_codec_survives_json():
    codec = ImageCodec((3, 4, 2), 256, 8)
    again = codecs.from_dict(json.loads(json.dumps(codec.to_dict())))
    assert again == codec
    assert again.space == codec.space


def test_samples_of_any_integer_type_decode():
    codec = ImageCodec((1, 2, 1), 256, 256)
    assert codec.decode(torch.tensor([[3, 255]])).tolist() == [[[[3], [255]]]]
