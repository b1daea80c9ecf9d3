"""Folds share out all but the test part, keep labels and groups together, and depend on their own seed alone."""

from itertools import pairwise

import numpy as np
import pytest

from ar_lab.codecs.table import TableCodec
from ar_lab.data.folds import Fold, drawn
from ar_lab.data.images import MNIST, Digits, ImageFiles
from ar_lab.data.splits import shuffled
from ar_lab.data.tables import Table
from ar_lab.data.text import PyDocs
from ar_lab.errors import ConfigError, DataError

COUNT = 300
LABELS = np.repeat(["a", "b", "c"], [200, 80, 20])
GROUPS = np.random.default_rng(0).permutation(np.repeat(np.arange(30), np.arange(1, 31))[:COUNT])
KINDS = {"plain": {}, "labeled": {"labels": LABELS}, "grouped": {"groups": GROUPS}}
SHARES = {"test": 0.2, "validation": 0.1, "fraction": 1.0, "seed": 0}
DIGITS = {"levels": 17, "test": 0.2, "validation": 0.1, "split_seed": 0, "fraction": 1.0}


def folds(count: int = 5, repeat: int = 0, seed: int = 0, **options):
    return [drawn(Fold(number, count, repeat, seed), COUNT, **{**SHARES, **options}) for number in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("count", "repeat", "seed"), [(2, 0, 0), (5, 0, 0), (5, 3, 1), (7, 1, 2**32 - 1)])
def test_held_out_sets_partition_what_is_not_the_test_part(kind, count, repeat, seed):
    test = shuffled(COUNT, **SHARES, **KINDS[kind]).test
    held_out = np.concatenate([split.test for split in folds(count, repeat, seed, **KINDS[kind])])
    assert sorted([*held_out, *test]) == list(range(COUNT))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_the_parts_of_a_fold_never_meet_and_leave_nothing_but_the_test_part(kind, seed):
    test = shuffled(COUNT, **SHARES, **KINDS[kind]).test
    for split in folds(seed=seed, **KINDS[kind]):
        parts = [split.train, split.validation, split.test, test]
        assert all(len(part) for part in parts)
        assert sorted(np.concatenate(parts)) == list(range(COUNT))


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_two_sides(seed):
    test = shuffled(COUNT, **SHARES, groups=GROUPS).test
    for split in folds(seed=seed, groups=GROUPS, labels=LABELS):
        sides = [set(GROUPS[part]) for part in (split.train, split.validation, split.test, test)]
        assert sum(map(len, sides)) == len(set.union(*sides))


@pytest.mark.parametrize("seed", range(5))
def test_whole_groups_come_near_to_the_shares(seed):
    split = shuffled(COUNT, **{**SHARES, "seed": seed}, groups=GROUPS)
    assert len(split.test) == pytest.approx(60, abs=15)  # half of the largest group
    assert len(split.validation) == pytest.approx(0.1 * (COUNT - len(split.test)), abs=15)


@pytest.mark.parametrize("seed", range(5))
def test_every_part_of_a_fold_keeps_the_shares_of_the_labels(seed):
    expected = np.array([200, 80, 20]) / COUNT
    for split in folds(seed=seed, labels=LABELS):
        for part in (split.train, split.validation, split.test):
            counts = np.unique(LABELS[part], return_counts=True)[1]
            np.testing.assert_allclose(counts, expected * len(part), atol=2)


def test_a_label_with_fewer_members_than_folds_goes_where_it_fits():
    labels = np.array(["common"] * (COUNT - 3) + ["rare", "rare", "single"])
    assert sorted(len(split.test) for split in folds(labels=labels)) == [48] * 5
    assert sorted(len(split.test) for split in folds(labels=np.arange(COUNT))) == [48] * 5


def test_the_seed_of_the_folds_and_the_repeat_decide_everything():
    splits = {(seed, repeat): folds(seed=seed, repeat=repeat) for seed in range(3) for repeat in range(3)}
    assert [split.digest for split in folds(seed=2, repeat=1)] == [split.digest for split in splits[2, 1]]
    assert len({split.digest for some in splits.values() for split in some}) == 3 * 3 * 5
    for (_, some), (_, others) in pairwise(splits.items()):
        common = {int(i) for i in some[0].test} & {int(i) for i in others[0].test}
        assert len(common) < 25  # 10 of 48 by chance


def test_the_data_s_own_seed_decides_what_no_fold_may_see():
    def pool(**options):
        return {int(i) for split in folds(**options) for i in split.test}

    assert pool(seed=0, repeat=0) == pool(seed=1, repeat=2) == pool(validation=0.5)
    assert pool(**{**SHARES, "seed": 1}) == pool()  # of the folds
    assert {int(i) for i in drawn(Fold(0, 5), COUNT, **{**SHARES, "seed": 1}).test} - pool()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fraction_shortens_the_training_part_alone(kind):
    for number in range(5):
        some, more, all_ = (
            drawn(Fold(number, 5), COUNT, **{**SHARES, "fraction": fraction}, **KINDS[kind])
            for fraction in (0.1, 0.5, 1.0)
        )
        assert len(some.train) == int(0.1 * len(all_.train)) > 0
        assert (more.train[: len(some.train)] == some.train).all()
        assert (all_.train[: len(more.train)] == more.train).all()
        assert (some.validation == all_.validation).all()
        assert (some.test == all_.test).all()


def test_more_folds_than_there_is_to_share_out_is_an_error_with_the_numbers():
    with pytest.raises(ConfigError, match=r"cv\.folds=241: there are 240 examples to share out.*use at most 240"):
        drawn(Fold(0, 241), COUNT, **SHARES)
    two = np.arange(COUNT) % 3  # one of them is the test part
    with pytest.raises(ConfigError, match=r"cv\.folds=3: there are 2 groups to share out.*use at most 2"):
        drawn(Fold(0, 3), COUNT, **SHARES, groups=two)
    with pytest.raises(DataError, match="1 group is too few for a training and validation part: give more"):
        drawn(Fold(0, 2), COUNT, **SHARES, groups=two)
    with pytest.raises(DataError, match="2 groups are too few for a training, validation and test part"):
        shuffled(COUNT, **SHARES, groups=np.arange(COUNT) % 2)


def test_a_fold_is_the_same_on_every_machine():
    split = Digits(**DIGITS).load(Fold(2, 5)).split
    assert {name: split[name] for name in ("train", "validation", "test", "hash")} == {
        "train": 1035,
        "validation": 115,
        "test": 287,
        "hash": "2959b86492a4353d22da7fbeb11b104acfed93ca64dd54ce8b69996c310c8a66",
    }


HELD_OUT = {
    "images": (Digits, DIGITS),
    "a table": (Table, {"path": None, "validation": 0.1, "test": 0.2, "split_seed": 0, "fraction": 1.0}),
    "text": (PyDocs, {"codec": "bytes", "unknown": False, "context": 16, "validation": 0.1, "fraction": 1.0}),
}


@pytest.mark.parametrize("fold", [None, Fold(1, 3)])
@pytest.mark.parametrize("kind", HELD_OUT)
def test_the_hash_of_a_held_out_part_is_that_of_its_examples_alone(kind, fold):
    source, options = HELD_OUT[kind]

    def split(fold: Fold | None, **others) -> dict:
        return source(**{**options, **others}).load(fold).split

    found = split(fold)
    shorter, revalidated = split(fold, fraction=0.5), split(fold, validation=0.2)
    assert found["test_hash"] == shorter["test_hash"] == revalidated["test_hash"] is not None
    assert found["validation_hash"] == shorter["validation_hash"] != revalidated["validation_hash"]
    assert len({some["hash"] for some in (found, shorter, revalidated)}) == 3
    assert found["test_hash"] != split(Fold(2, 3))["test_hash"]


def test_parts_of_other_data_have_other_hashes(tmp_path):
    splits = []
    for name in ("a", "b"):
        np.savez(tmp_path / name, images=np.full((20, 2, 2), ord(name), dtype=np.uint8))
        splits.append(ImageFiles(path=str(tmp_path / f"{name}.npz"), **{**DIGITS, "levels": 256}).load().split)
    assert splits[0]["hash"] == splits[1]["hash"]
    assert splits[0]["test_hash"] != splits[1]["test_hash"]


def test_the_reader_of_a_figure_is_told_what_it_was_held_out_of():
    assert Digits(**DIGITS).load(Fold(2, 5, repeat=1)).notes == [
        "test: fold 2 of 5 (repeat 1), held out; the data's own test part is left out"
    ]
    assert Digits(**DIGITS).load().notes == []


def test_the_images_of_a_fold_are_those_of_its_indices():
    test = Digits(**DIGITS).load().test
    parts = [Digits(**DIGITS).load(Fold(number, 3)) for number in range(3)]
    images = sorted([*(row for part in parts for row in part.test.tolist()), *test.tolist()])
    all_ = Digits(**DIGITS).load()
    assert images == sorted([*all_.train.tolist(), *all_.validation.tolist(), *all_.test.tolist()])


def test_a_table_is_standardized_by_the_training_rows_of_its_fold():
    source = Table(path=None, validation=0.1, test=0.2, split_seed=0, fraction=1.0)
    columns, rows, labels = source.read()
    codecs = []
    for number in range(3):
        split = drawn(Fold(number, 3), len(rows), **source.shares, labels=labels)
        codecs.append(source.load(Fold(number, 3)).codec)
        assert codecs[-1] == TableCodec.fitted(rows[split.train], columns)
    assert codecs[0] != codecs[1]


def test_the_official_test_part_is_left_out(mnist, folders, server, monkeypatch):
    server.files = dict(mnist)
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", [server.url])
    source = MNIST(**folders, levels=256, validation=0.1, split_seed=0, fraction=1.0)
    official = {tuple(row) for row in source.load().test.tolist()}
    held_out = [tuple(row) for number in range(5) for row in source.load(Fold(number, 5)).test.tolist()]
    assert len(held_out) == 50
    assert not official & set(held_out)
