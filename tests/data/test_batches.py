"""Batches show every example once an epoch, in an order that seed and epoch decide."""

from itertools import pairwise

import pytest
import torch

from ar_lab.data.batches import FixedBatches, Lanes, ShuffledExamples, ShuffledWindows, windows
from ar_lab.errors import ConfigError

X = torch.arange(21, dtype=torch.uint8).view(7, 3)
STREAM = torch.arange(1000, dtype=torch.int32)
SEAMS = [[100, 500], [8, 17, 35], [991], [5, 10, 15, 995]]


def epochs(batches, count: int) -> list[list[torch.Tensor]]:
    return [[batch.x for batch in batches] for _ in range(count)]


def test_every_example_is_seen_once_an_epoch_the_odd_ones_out_included():
    batches = ShuffledExamples(X, batch_size=3, seed=0)
    for epoch in epochs(batches, 3):
        assert [len(x) for x in epoch] == [3, 3, 1]
        assert len(batches) == 3
        assert sorted(torch.cat(epoch).tolist()) == X.tolist()


def test_levels_arrive_as_int64_and_numbers_as_they_are():
    assert next(iter(ShuffledExamples(X, 3, seed=0))).x.dtype == torch.int64
    assert next(iter(ShuffledExamples(X.float(), 3, seed=0))).x.dtype == torch.float32
    assert next(iter(FixedBatches(X, 3))).x.dtype == torch.int64
    assert next(iter(Lanes(STREAM, 5, 2))).x.dtype == torch.int64


@pytest.mark.parametrize(
    "make", [lambda seed: ShuffledExamples(X, 7, seed), lambda seed: ShuffledWindows(STREAM, 9, 200, seed)]
)
def test_seed_and_epoch_decide_the_order(make):
    first, again, other = (torch.stack([epoch[0] for epoch in epochs(make(seed), 4)]) for seed in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(other)
    assert len({x.numpy().tobytes() for x in (*first, *other)}) == 8  # no epoch of one seed is an epoch of the next


def test_an_iteration_that_was_broken_off_is_followed_by_the_next_epoch():
    batches = ShuffledExamples(X, 3, seed=0)
    expected = epochs(ShuffledExamples(X, 3, seed=0), 2)
    assert next(iter(batches)).x.equal(expected[0][0])
    assert next(iter(batches)).x.equal(expected[1][0])


@pytest.mark.parametrize("length", [9, 10, 17, 18, 27, 100, 1000])
def test_windows_never_overlap_and_never_leave_the_stream(length):
    batches = ShuffledWindows(STREAM[:length], dims=9, batch_size=4, seed=0)
    for epoch in epochs(batches, 12):
        x = torch.cat(epoch)
        assert x.shape == (max(1, length // 9 - 1), 9)
        assert len(epoch) == len(batches)
        assert (x.diff(dim=1) == 1).all()  # a window is a run of the stream
        assert len(x.unique()) == x.numel()  # no symbol twice
        assert x.max() < length


def test_windows_are_cut_afresh_every_epoch_until_every_place_has_begun_one():
    batches = ShuffledWindows(STREAM, dims=9, batch_size=200, seed=0)
    offsets = [int(epoch[0].min()) for epoch in epochs(batches, 100)]
    assert set(offsets) == set(range(9))


def test_a_row_goes_on_where_the_batch_before_left_it():
    batches = Lanes(STREAM, dims=9, batch_size=4)
    x = torch.stack([batch.x for batch in batches], dim=1)  # lane, time, window
    assert x.shape == (4, 27, 9)
    assert (x.flatten(1).diff(dim=1) == 1).all()
    assert x.flatten().equal(STREAM[: 4 * 27 * 9].long())
    assert torch.stack([batch.x for batch in batches], dim=1).equal(x)


def test_lanes_too_short_for_a_window_are_refused():
    with pytest.raises(ConfigError, match=r"batch_size=4 lanes of data.context=300 symbols need 1,200.* has 1,000"):
        Lanes(STREAM, dims=300, batch_size=4)


@pytest.mark.parametrize("seams", SEAMS)
def test_no_window_reaches_across_a_seam(seams):
    shuffled, lanes = ShuffledWindows(STREAM, 9, 4, seed=0, seams=seams), Lanes(STREAM, 9, 4, seams)
    for x in [
        windows(STREAM, 9, seams),
        *(torch.cat(epoch) for made in (shuffled, lanes) for epoch in epochs(made, 5)),
    ]:
        assert (x.diff(dim=1) == 1).all()
        assert len(x.unique()) == x.numel()
        assert all(not ((x[:, 0] < seam) & (x[:, -1] >= seam)).any() for seam in seams)


@pytest.mark.parametrize("seams", SEAMS)
def test_every_stretch_that_holds_a_window_has_its_share_of_them(seams):
    stretches = [end - begin for begin, end in pairwise([0, *seams, 1000])]
    batches = ShuffledWindows(STREAM, 9, 4, seed=0, seams=seams)
    for epoch in epochs(batches, 5):
        counts = torch.bucketize(torch.cat(epoch)[:, 0].contiguous(), torch.tensor(seams), right=True).bincount(
            minlength=len(stretches)
        )
        assert counts.tolist() == [max(1, length // 9 - 1) if length >= 9 else 0 for length in stretches]
        assert len(epoch) == len(batches)
    assert len(windows(STREAM, 9, seams)) == sum(length // 9 for length in stretches)


def test_a_stream_without_one_window_in_a_row_is_refused():
    with pytest.raises(ConfigError, match=r"data\.context=9: the training part has nowhere as many symbols in a row"):
        ShuffledWindows(STREAM[:20], 9, 4, seed=0, seams=[7, 14])


def test_a_loaded_state_goes_on_with_the_first_batch_that_was_not_fetched():
    whole = ShuffledExamples(X, 2, seed=5)
    expected = [x for epoch in epochs(whole, 3) for x in epoch]
    for stop in range(12):
        stopped, resumed = ShuffledExamples(X, 2, seed=5), ShuffledExamples(X, 2, seed=5)
        fetched = endless(stopped)
        seen = [next(fetched).x for _ in range(stop)]
        resumed.load_state_dict(stopped.state_dict())
        seen += [x for epoch in epochs(resumed, 3) for x in epoch]
        assert all(a.equal(b) for a, b in zip(seen[:12], expected, strict=True))


def test_a_state_from_the_end_of_an_epoch_is_followed_by_a_whole_one():
    stopped, resumed = ShuffledExamples(X, 2, seed=5), ShuffledExamples(X, 2, seed=5)
    list(stopped)
    resumed.load_state_dict(stopped.state_dict())
    assert torch.cat(epochs(resumed, 1)[0]).equal(torch.cat(epochs(stopped, 1)[0]))


def endless(batches):
    while True:
        yield from batches


def test_fixed_batches_keep_their_order():
    batches = FixedBatches(X, 3)
    assert len(batches) == 3
    assert torch.cat([batch.x for batch in batches]).equal(X.long())
    assert torch.cat([batch.x for batch in batches]).equal(X.long())
    assert len(FixedBatches(X[:0], 3)) == 0


def test_every_example_keeps_its_label_in_whatever_order():
    labels = X[:, 0].long() * 3
    for batches in (ShuffledExamples(X, 3, seed=0, condition=labels), FixedBatches(X, 3, labels)):
        for x, condition in batches:
            assert condition.equal(x[:, 0] * 3)


@pytest.mark.parametrize("seams", SEAMS)
def test_every_window_says_which_block_it_begins_in(seams):
    made = ShuffledWindows(STREAM, 9, 4, seed=0, seams=seams, blocks=7), Lanes(STREAM, 9, 4, seams, blocks=7)
    for batches in made:
        for x, block in batches:
            assert block.equal(x[:, 0] * 7 // 1000)  # STREAM counts from 0
    assert all(condition is None for _, condition in ShuffledWindows(STREAM, 9, 4, seed=0))
