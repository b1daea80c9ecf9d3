"""Augmentation: the law of shifts and mutations, the same batches again, and nothing else touched."""

from collections import Counter

import pytest
import torch

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.codecs.text import ByteCodec
from ar_lab.data.augmentation import border, shifted
from ar_lab.data.batches import Batch
from ar_lab.data.module import DataModule, Share
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randint(0, 16, (40, 5 * 4 * 2), dtype=torch.uint8, generator=GENERATOR)
TEXT = torch.randint(0, 256, (400,), dtype=torch.uint8, generator=GENERATOR)
LABELS = torch.arange(40) % 3


def images(x: torch.Tensor = IMAGES, **options) -> DataModule:
    codec = ImageCodec((5, 4, 2), 16, 16, ("a", "b", "c"))
    parts = Parts(codec, x, IMAGES[:9], IMAGES[:9], "", labels={"train": LABELS[: len(x)], "validation": LABELS[:9]})
    return DataModule(parts, **{"batch_size": 8, "seed": 3, **options})


def text(**options) -> DataModule:
    parts = Parts(ByteCodec(10), TEXT, TEXT[:60], TEXT[:60], "")
    return DataModule(parts, **{"batch_size": 5, "seed": 3, **options})


def epochs(module: DataModule, count: int = 2) -> list[Batch]:
    loader = module.train_dataloader()
    return [batch for _ in range(count) for batch in loader]


def test_a_shift_moves_the_picture_and_fills_what_comes_in_with_the_background():
    x = torch.arange(12).view(1, 12)
    background = torch.tensor([77])
    moved = shifted(x.expand(3, -1), torch.tensor([[0, 0], [1, -1], [-2, 0]]), background, (3, 4, 1)).view(3, 3, 4)
    assert moved[0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert moved[1].tolist() == [[77, 77, 77, 77], [1, 2, 3, 77], [5, 6, 7, 77]]
    assert moved[2].tolist() == [[8, 9, 10, 11], [77, 77, 77, 77], [77, 77, 77, 77]]


def test_channels_move_together():
    x = IMAGES[:4].long()
    offsets = torch.tensor([[1, 0], [0, 1], [-1, -2], [2, 2]])
    together = shifted(x, offsets, torch.tensor([3, 9]), (5, 4, 2)).view(4, 20, 2)
    for channel, fill in enumerate((3, 9)):
        alone = shifted(x.view(4, 20, 2)[..., channel], offsets, torch.tensor([fill]), (5, 4, 1))
        assert together[..., channel].equal(alone)


def test_the_background_is_the_most_frequent_level_at_the_edges_of_a_channel():
    picture = torch.zeros(6, 5, 5, 2, dtype=torch.uint8)
    picture[..., 0] = 15
    picture[:, 1:4, 1:4] = 7
    picture[0, 0, :3] = 2
    assert border(picture.view(6, 50), (5, 5, 2)).tolist() == [15, 0]


def test_every_shift_is_as_likely_as_any_other():
    point = torch.zeros(40, 5, 4, 2, dtype=torch.uint8)
    point[:, 2, 1] = 5
    moved = torch.cat([batch.x for batch in epochs(images(point.view(40, 40), shift=1), 225)])
    places = Counter(moved.view(-1, 20, 2)[..., 0].argmax(1).tolist())
    assert sorted(places) == [4, 5, 6, 8, 9, 10, 12, 13, 14]
    assert all(abs(count - 1000) < 150 for count in places.values())  # 5 standard deviations


@pytest.mark.parametrize(("make", "levels"), [(images, 16), (text, 256)])
def test_mutations_replace_the_part_asked_for_by_uniform_levels(make, levels):
    before = torch.cat([batch.x for batch in epochs(make(), 40)])
    after = torch.cat([batch.x for batch in epochs(make(mutation=0.25), 40)])
    changed = before != after
    rate, count = 0.25 * (1 - 1 / levels), changed.numel()
    assert abs(changed.double().mean() - rate) < 5 * (rate * (1 - rate) / count) ** 0.5
    replacements = after[changed].double()
    assert abs(replacements.mean() - (levels - 1) / 2) < 5 * levels / (12 * len(replacements)) ** 0.5
    assert replacements.max() == levels - 1 if levels == 16 else replacements.max() > 250


@pytest.mark.parametrize("make", [lambda **o: images(shift=1, **o), text, lambda **o: text(stream=True, **o)])
def test_the_same_seed_repeats_every_batch_and_another_does_not(make):
    first, again, other = (epochs(make(mutation=0.3, seed=seed)) for seed in (3, 3, 4))
    assert all(a.x.equal(b.x) for a, b in zip(first, again, strict=True))
    assert not any(a.x.equal(b.x) for a, b in zip(first, other, strict=True))


def test_the_batches_of_a_stream_are_mutated_anew_every_epoch():
    batches = epochs(text(stream=True, mutation=0.3))
    half = len(batches) // 2
    assert not any(a.x.equal(b.x) for a, b in zip(batches[:half], batches[half:], strict=True))


def test_every_batch_of_every_epoch_has_draws_of_its_own():
    augment, batch = images(shift=1, mutation=0.2).augmentation, Batch(IMAGES[:8].long())
    drawn = [augment(batch, epoch, number).x for epoch in range(2) for number in range(2)]
    assert not any(a.equal(b) for k, a in enumerate(drawn) for b in drawn[:k])


def test_a_run_that_goes_on_augments_the_batches_not_seen_as_they_would_have_been():
    whole = epochs(images(shift=1, mutation=0.1))
    for epoch, fetched in ((0, 2), (1, 3)):
        module = images(shift=1, mutation=0.1)
        module.load_state_dict({"epoch": epoch, "fetched": fetched})
        rest = list(module.train_dataloader())
        assert rest
        assert all(a.x.equal(b.x) for a, b in zip(rest, whole[5 * epoch + fetched :], strict=False))


def test_the_shares_of_several_processes_are_of_the_same_augmented_batches():
    whole = epochs(images(shift=2, mutation=0.2), 1)
    shares = [list(Share(images(shift=2, mutation=0.2).train_dataloader(), rank, 3)) for rank in range(3)]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert torch.cat([part.x for part in parts]).equal(batch.x)


def test_labels_and_held_out_examples_and_the_part_in_memory_stay_as_they_are():
    module, plain = images(shift=2, mutation=0.5), images()
    for changed, batch in zip(epochs(module), epochs(plain), strict=True):
        assert changed.condition.equal(batch.condition)
        assert not changed.x.equal(batch.x)
        assert changed.x.dtype == torch.int64
    assert module.parts.train is IMAGES
    assert torch.cat([batch.x for batch in module.val_dataloader()]).equal(IMAGES[:9].long())


def test_a_reader_of_the_figures_is_told():
    assert images().notes == []
    shift, mutation = images(shift=2, mutation=0.1).notes
    assert "data.shift=2" in shift
    assert "data.mutation=0.1" in mutation


def test_what_cannot_be_shifted_or_mutated_is_refused():
    with pytest.raises(ConfigError, match=r"data\.shift=1: needs images, this data is of kind sequence"):
        text(shift=1)
    with pytest.raises(ConfigError, match=r"data\.shift=4: leaves nothing of images of 5x4 pixels"):
        images(shift=4)
    rows = torch.zeros(3, 2)
    codec = TableCodec.fitted(torch.eye(3)[:, :2].double().numpy(), ("a", "b"))
    with pytest.raises(ConfigError, match=r"data\.mutation=0\.1: needs levels"):
        DataModule(Parts(codec, rows, rows, rows, ""), batch_size=2, seed=0, mutation=0.1)
