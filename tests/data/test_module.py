"""The data module: which batches, which validation examples, which fixed subset."""

import pytest
import torch

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.text import CharacterCodec
from ar_lab.data.batches import Lanes, ShuffledExamples, ShuffledWindows
from ar_lab.data.module import DataModule, Share
from ar_lab.data.parts import Parts, fixed_subset
from ar_lab.errors import ConfigError

X = torch.arange(80, dtype=torch.uint8).view(20, 4)
TEXT = "the quick brown fox jumps over the lazy dog. " * 20


def images(**options) -> DataModule:
    return DataModule(Parts(ImageCodec((2, 2, 1), 256, 256), X, X, X, ""), **{"batch_size": 8, "seed": 0, **options})


def text(**options) -> DataModule:
    codec = CharacterCodec.fitted(TEXT, unknown=True, context=10)
    stream = codec.encode(TEXT)
    return DataModule(Parts(codec, stream, stream[:97], stream[:97], ""), **{"batch_size": 4, "seed": 0, **options})


def validation(module: DataModule) -> torch.Tensor:
    return torch.cat([batch.x for batch in module.val_dataloader()])


def test_examples_text_and_streams_each_have_their_batches():
    assert isinstance(images().train_dataloader(), ShuffledExamples)
    assert isinstance(text().train_dataloader(), ShuffledWindows)
    assert isinstance(text(stream=True).train_dataloader(), Lanes)


def test_a_batch_is_a_tensor_of_the_space():
    for module in (images(), text(), text(stream=True)):
        for x, condition in (next(iter(module.train_dataloader())), next(iter(module.val_dataloader()))):
            assert condition is None
            assert x.dtype == torch.int64
            assert x.shape == (module.batch_size, module.space.dims)


def test_streaming_needs_text():
    with pytest.raises(ConfigError, match=r"data\.stream=true: needs text, this data is of kind image"):
        images(stream=True)


def test_validation_examples_are_the_same_for_every_seed():
    some = [validation(images(seed=seed, validation_examples=5)) for seed in (0, 1)]
    assert some[0].shape == (5, 4)
    assert some[0].equal(some[1])


def test_validation_of_text_is_its_first_whole_windows():
    codec = text().codec
    assert codec.decode(validation(text())) == [TEXT[i : i + 10] for i in range(0, 90, 10)]
    assert len(validation(text(validation_examples=3))) == 3


def test_without_a_validation_part_there_is_no_batch_of_it():
    parts = Parts(ImageCodec((2, 2, 1), 256, 256), X, X[:0], X, "")
    assert DataModule(parts, batch_size=8, seed=0).val_dataloader() == []


def test_a_subset_is_fixed_without_repeats_and_in_order():
    some = fixed_subset(X, 7, dims=4, seed=3)
    assert some.equal(fixed_subset(X, 7, dims=4, seed=3))
    assert not some.equal(fixed_subset(X, 7, dims=4, seed=4))
    assert (some.diff() > 0).all()
    assert fixed_subset(X, 20, dims=4).equal(torch.arange(20))
    assert fixed_subset(X, 99, dims=4).equal(torch.arange(20))


def test_a_subset_of_a_stream_is_one_contiguous_run():
    stream = torch.arange(1000)
    begins = {int(fixed_subset(stream, 7, dims=10, seed=seed)[0]) for seed in range(10)}
    assert len(begins) == 10
    run = fixed_subset(stream, 7, dims=10, seed=0)
    assert run.equal(torch.arange(int(run[0]), int(run[0]) + 70))
    assert fixed_subset(stream, 100, dims=10).equal(stream)
    assert fixed_subset(stream, 101, dims=10).equal(stream)


@pytest.mark.parametrize("batch_size", [1, 2, 8, 19])
@pytest.mark.parametrize("batches", ["train", "validation"])
def test_the_shares_of_several_processes_make_up_every_batch(batches, batch_size):
    def loader():
        data = images(batch_size=batch_size)
        return data.train_dataloader() if batches == "train" else data.val_dataloader()

    whole, shares = loader(), [Share(loader(), rank, 3) for rank in range(3)]
    for (x, _), *batches in zip(whole, *shares, strict=True):
        parts = [part for part, _ in batches]
        assert torch.cat(parts).equal(x)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
