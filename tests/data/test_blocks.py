"""Folds of text are blocks with a gap on either side: no window touches another part, or a seam."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ar_lab.data.blocks import blocks
from ar_lab.data.folds import Fold
from ar_lab.data.module import DataModule
from ar_lab.data.text import TextFiles
from ar_lab.errors import ConfigError, DataError

COUNT, CONTEXT, POOL = 2000, 16, 1800
SHARES = {"test": 0.1, "validation": 0.1, "fraction": 1.0, "context": CONTEXT}
FOLDS = [(5, 0, 0), (5, 1, 0), (5, 2, 7), (2, 0, 1), (2, 1, 1), (9, 3, 0)]
# Every character is another one, so that it tells where it stood.
FIRST = 0x4E00
WHERE = "".join(chr(FIRST + i) for i in range(COUNT))


def cut(count: int, repeat: int = 0, seed: int = 0, **options):
    return [blocks(Fold(number, count, repeat, seed), COUNT, **{**SHARES, **options}) for number in range(count)]


def places(stretches: list[range]) -> np.ndarray:
    return np.array([place for stretch in stretches for place in stretch], dtype=int)


def distance(some: np.ndarray, others: np.ndarray) -> int:
    return int(np.abs(some[:, None] - others[None]).min())


def load(folder: Path, fold: Fold | None, text: str = WHERE, **options):
    (folder / "text.txt").write_text(text, encoding="utf-8")
    settings = {"codec": "characters", "unknown": True, **SHARES, **options}
    return TextFiles(path=str(folder / "text.txt"), **settings).load(fold)


@pytest.mark.parametrize(("count", "repeat", "seed"), FOLDS)
def test_held_out_blocks_partition_the_pool_in_equal_sizes(count, repeat, seed):
    found = [places(part.test) for part in cut(count, repeat, seed)]
    assert sorted(np.concatenate(found)) == list(range(POOL))
    assert {len(block) for block in found} <= {POOL // count, POOL // count + 1}
    assert all(len(part.test) == 1 for part in cut(count, 0, seed))


@pytest.mark.parametrize(("count", "repeat", "seed"), FOLDS)
@pytest.mark.parametrize("validation", [0.1, 0.5, 0.8])
def test_parts_keep_a_gap_of_one_context_length(count, repeat, seed, validation):
    for part in cut(count, repeat, seed, validation=validation):
        train, validated, tested = map(places, (part.train, part.validation, part.test))
        assert min(distance(train, tested), distance(validated, tested), distance(train, validated)) > CONTEXT
        assert len(np.unique(np.concatenate([train, validated, tested]))) == len(train) + len(validated) + len(tested)
        rest = POOL - len(tested) - 2 * CONTEXT * len(part.test)
        assert len(validated) == pytest.approx(validation * rest, abs=2 * CONTEXT)


def test_no_more_is_left_out_than_the_gaps():
    middle = cut(5)[2]
    assert len(places(middle.test)) == 360
    assert len(places(middle.train)) + len(places(middle.validation)) == POOL - 360 - 4 * CONTEXT


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("count", "repeat", "seed"), FOLDS)
def test_every_window_of_a_batch_is_a_run_of_the_text_that_touches_no_other_part(count, repeat, seed, stream, tmp_path):
    for number in range(count):
        fold = Fold(number, count, repeat, seed)
        parts, expected = load(tmp_path, fold), blocks(fold, COUNT, **SHARES)
        codec = torch.tensor([ord(c) - FIRST for c in parts.codec.alphabet])
        module = DataModule(parts, batch_size=3, seed=0, stream=stream)
        for _ in range(3):
            windows = codec[torch.cat([batch.x for batch in module.train_dataloader()])].numpy()
            assert windows.shape[1] == CONTEXT and (np.diff(windows, axis=1) == 1).all()
            for other in (expected.validation, expected.test):
                assert distance(windows.flatten(), places(other)) > CONTEXT


@pytest.mark.parametrize("seed", range(10))
def test_windows_of_validation_cross_no_seam(seed, tmp_path):
    fold = Fold(1, 3, seed=seed)  # its rest has two stretches, each shorter than four fifths of both
    letters = "".join("abc"[i % 3] for i in range(COUNT))
    parts, expected = (
        load(tmp_path, fold, letters, validation=0.8),
        blocks(fold, COUNT, **{**SHARES, "validation": 0.8}),
    )
    assert len(expected.validation) == 2
    windows = torch.cat([batch.x for batch in DataModule(parts, batch_size=3, seed=0).val_dataloader()])
    begins = [s.start + i for s in expected.validation for i in range(0, len(s) - CONTEXT + 1, CONTEXT)]
    assert parts.codec.decode(windows) == [letters[i : i + CONTEXT] for i in begins]


def test_the_block_that_passes_the_pools_end_goes_on_at_its_beginning(tmp_path):
    parts, expected = load(tmp_path, Fold(4, 5, repeat=1)), cut(5, repeat=1)[4]
    assert (expected.test[0].stop, expected.test[1].start) == (POOL, 0)
    assert [len(stretch) for stretch in parts.stretches("test")] == [len(stretch) for stretch in expected.test]


def test_the_alphabet_is_that_of_the_training_stretches(tmp_path):
    for number in range(5):
        fold = Fold(number, 5)
        parts, expected = load(tmp_path, fold), blocks(fold, COUNT, **SHARES)
        assert [ord(c) - FIRST for c in parts.codec.alphabet] == sorted(places(expected.train))


def test_a_character_of_one_fold_alone_is_unknown_to_it_and_noted(tmp_path):
    text = "to be or not to be " * 100
    text = text[:500] + "$" + text[500:]
    parts = [load(tmp_path, Fold(number, 5), text) for number in range(5)]
    assert ["$" in some.codec.alphabet for some in parts] == [True, False, True, True, True]
    assert [note for some in parts for note in some.notes if "never" in note] == [
        "test: 1 character of 342 never occurs in training"
    ]
    with pytest.raises(DataError, match=r"'\$' \(U\+0024\); data\.unknown=true"):
        load(tmp_path, Fold(1, 5), text, unknown=False)


def test_seed_and_repeat_decide_the_blocks():
    assert cut(5, 2, 7) == cut(5, 2, 7)
    held_out = {tuple(map(str, (part.test for part in cut(5, repeat, seed)))) for repeat in range(4) for seed in (0, 1)}
    assert len(held_out) == 7  # repeat 0 is the same for every seed
    assert cut(5, seed=0)[0].validation != cut(5, seed=1)[0].validation


def test_a_fold_of_text_is_the_same_on_every_machine():
    assert (
        blocks(Fold(2, 5), 465_000, test=0.1, validation=0.1, fraction=1.0, context=128).digest
        == "42e7061631460f4296e87a9b261e253255fd72ac973077da8fd6630a5a483ceb"
    )
    assert (
        blocks(Fold(4, 5, 1), 465_000, test=0.1, validation=0.1, fraction=1.0, context=128).digest
        == "3ad914bb975fdf1c2c4dfbd13dc3a3cc4d6ee10f6e4f54fa963d9e4ba0a93d00"
    )


def test_a_fraction_shortens_the_training_part_alone():
    for some, more in zip(cut(5, fraction=0.3), cut(5), strict=True):
        assert (some.validation, some.test) == (more.validation, more.test)
        assert len(places(some.train)) == int(0.3 * len(places(more.train)))
        assert (places(more.train)[: len(places(some.train))] == places(some.train)).all()


def test_a_text_too_short_for_its_folds_is_an_error_with_the_numbers(tmp_path):
    with pytest.raises(ConfigError, match=r"cv\.folds=1801: there are 1800 symbols to share out; use at most 1800"):
        blocks(Fold(0, 1801), COUNT, **SHARES)
    with pytest.raises(
        DataError, match=r"fold 0 of 2 leaves nowhere 900 symbols in a row to train on: lower data\.cont"
    ):
        blocks(Fold(0, 2), COUNT, **{**SHARES, "context": 900})
    with pytest.raises(
        DataError, match=r"training part has 14 characters, fewer than data\.context=16.*data\.fraction"
    ):
        load(tmp_path, Fold(0, 5), fraction=0.0115)
    with pytest.raises(DataError, match=r"validation part has 15 characters.*change data\.validation"):
        load(tmp_path, Fold(0, 5), validation=0.01)


def test_without_validation_a_fold_has_none(tmp_path):
    parts = load(tmp_path, Fold(1, 5), validation=0.0)
    assert len(parts.validation) == 0
    assert len(parts.train) == POOL - 360 - 2 * CONTEXT
