"""Parts are disjoint, complete, and decided by the data's own seed."""

from itertools import pairwise

import numpy as np
import pytest

from ar_lab.data.splits import contiguous, shuffled
from ar_lab.errors import ConfigError, DataError

SHARES = [(0.2, 0.1), (0.0, 0.1), (0.2, 0.0), (0.0, 0.0), (0.5, 0.8), (1 / 3, 1 / 7)]


@pytest.mark.parametrize("count", [10, 997])
@pytest.mark.parametrize(("test", "validation"), SHARES)
def test_shuffled_parts_are_disjoint_and_complete(count, test, validation):
    split = shuffled(count, test=test, validation=validation, fraction=1.0, seed=0)
    assert sorted(np.concatenate([split.train, split.validation, split.test])) == list(range(count))
    assert len(split.test) == count - int((1 - test) * count + 1e-6)
    assert (len(split.validation) > 0) == (validation > 0)


@pytest.mark.parametrize("count", [10, 997, 1_115_394])
@pytest.mark.parametrize(("test", "validation"), SHARES)
def test_contiguous_parts_are_blocks_in_order(count, test, validation):
    blocks = contiguous(count, test=test, validation=validation, fraction=1.0)
    train, validated, tested = (range(count)[block] for block in blocks)
    assert train.start == 0
    assert train.stop == validated.start
    assert validated.stop == tested.start
    assert tested.stop == count


def test_the_last_tenth_of_shakespeare_begins_where_everyone_cuts():
    assert contiguous(1_115_394, test=0.1, validation=0.0, fraction=1.0)[2].start == int(0.9 * 1_115_394) == 1_003_854


def test_shares_that_floating_point_misses_are_whole():
    assert contiguous(10, test=0.9, validation=0.0, fraction=1.0)[0] == slice(1)
    assert len(shuffled(60_000, validation=0.1, fraction=1.0, seed=0).validation) == 6_000


def test_a_seed_decides_the_split():
    def held_out(seed):
        return set(shuffled(1000, test=0.2, validation=0.1, fraction=1.0, seed=seed).test.tolist())

    assert held_out(0) == held_out(0)
    assert len(held_out(0) & held_out(1)) < 80  # 40 by chance


def test_every_part_holds_its_share_of_every_label():
    labels = np.repeat([0, 1, 2], [700, 290, 10])
    split = shuffled(1000, test=0.2, validation=0.1, fraction=1.0, seed=3, labels=labels)
    for part, share in [(split.test, 0.2), (split.validation, 0.08), (split.train, 0.72)]:
        np.testing.assert_allclose(np.bincount(labels[part]), share * np.array([700, 290, 10]), atol=2)


def test_a_fraction_is_part_of_a_larger_one_and_leaves_held_out_parts_alone():
    splits = [shuffled(1000, test=0.2, validation=0.1, fraction=fraction, seed=0) for fraction in (1e-9, 0.1, 0.5, 1.0)]
    assert [len(split.train) for split in splits] == [1, 72, 360, 720]
    for smaller, larger in pairwise(splits):
        assert (larger.train[: len(smaller.train)] == smaller.train).all()
        assert (larger.test == smaller.test).all()
        assert (larger.validation == smaller.validation).all()
    assert contiguous(1000, test=0.2, validation=0.1, fraction=0.5) == (slice(360), slice(720, 800), slice(800, 1000))


def test_a_fraction_of_labeled_data_is_not_sorted_by_label():
    labels = np.repeat([0, 1], 500)
    train = shuffled(1000, test=0.2, validation=0.1, fraction=0.1, seed=0, labels=labels).train
    assert 0.3 < labels[train].mean() < 0.7


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5])
def test_a_share_outside_its_bounds_is_refused(share):
    with pytest.raises(ConfigError, match=f"data.validation={share}: must be at least 0 and less than 1"):
        shuffled(10, validation=share, fraction=1.0, seed=0)
    with pytest.raises(ConfigError, match=f"data.test={share}"):
        contiguous(10, test=share, validation=0.1, fraction=1.0)


@pytest.mark.parametrize("fraction", [0.0, 1.1])
def test_a_fraction_outside_its_bounds_is_refused(fraction):
    with pytest.raises(ConfigError, match=f"data.fraction={fraction}: must be greater than 0 and at most 1"):
        shuffled(10, validation=0.1, fraction=fraction, seed=0)


def test_nothing_left_to_train_on_is_an_error():
    with pytest.raises(
        DataError, match=r"held-out parts of 10 examples leave none.*: lower data\.validation or data\.test"
    ):
        shuffled(10, test=0.9, validation=0.1, fraction=1.0, seed=0)


@pytest.mark.parametrize(
    ("count", "test", "validation", "message"),
    [
        (2, 0.1, 0.1, "2 examples are too few for a training, validation and test part: give more"),
        (1, 0.0, 0.1, "1 example is too few for a training and validation part: give more"),
        (0, 0.0, 0.0, "0 examples are too few for a training part: give more"),
    ],
)
def test_fewer_examples_than_parts_are_too_few(count, test, validation, message):
    shares = {"test": test, "validation": validation, "fraction": 1.0}
    with pytest.raises(DataError, match=f"^{message}$"):
        shuffled(count, **shares, seed=0)
    with pytest.raises(DataError, match=f"^{message}$"):
        contiguous(count, **shares)
