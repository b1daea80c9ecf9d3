"""A space says what one example is, and refuses what cannot be one."""

import pytest

from ar_lab.space import Space

SPACES = [Space("sequence", (12,), 5), Space("image", (4, 5, 3), 256), Space("vector", (6,), None)]


@pytest.mark.parametrize("space", SPACES)
def test_a_space_survives_plain_containers(space):
    assert Space.from_dict(space.to_dict()) == space


def test_dims_count_the_channels():
    assert [space.dims for space in SPACES] == [12, 60, 6]


def test_a_sequence_or_vector_is_an_image_of_one_row():
    assert [space.image_shape for space in SPACES] == [(1, 12, 1), (4, 5, 3), (1, 6, 1)]


@pytest.mark.parametrize(
    ("kind", "shape", "levels", "message"),
    [
        ("image", (4, 4), 2, r"shape=\(4, 4\) for kind=image: needs 3"),
        ("sequence", (0,), 2, r"shape=\(0,\)"),
        ("vector", (3,), 1, "levels=1"),
    ],
)
def test_an_impossible_space_is_refused_with_its_numbers(kind, shape, levels, message):
    with pytest.raises(ValueError, match=message):
        Space(kind, shape, levels)


def test_a_span_ends_with_the_example():
    assert SPACES[0].span(10, 12) == slice(10, 12)
    with pytest.raises(ValueError, match=r"dimensions 10\.\.12: an example has 12"):
        SPACES[0].span(10, 13)
