"""Streams of any length in any number of lanes, tables, and what a reader is told of damage."""

from io import BytesIO
from math import log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ar_lab.codecs.table import TableCodec
from ar_lab.coding.alphabet import Cells, Levels
from ar_lab.coding.coder import Coder
from ar_lab.coding.contents import counted
from ar_lab.coding.layout import Layout
from ar_lab.coding.stream import Chunk, ChunkReader, ChunkWriter, floored
from ar_lab.errors import DataError
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.models.ngram import NGram
from ar_lab.models.transformer import Transformer
from ar_lab.space import Space

TEXT = Space("sequence", (6,), 7)


def silent(_: int) -> None:
    return None


def model_of(name: str) -> AutoregressiveModel:
    torch.manual_seed(0)
    network = {
        "ngram": lambda: NGram(TEXT, 7, order=2),
        "charrnn": lambda: CharRNN(TEXT, 7, hidden=8),
        "transformer": lambda: Transformer(TEXT, 7, layers=1, width=8, heads=2),  # begins again when a window is full
    }[name]()
    network.estimate(torch.arange(100) % 7)
    return AutoregressiveModel(network, Categorical(TEXT)).eval().requires_grad_(False)


MODELS = {name: model_of(name) for name in ("ngram", "charrnn", "transformer")}


def coded(coder: Coder, symbols: np.ndarray, chunk_bytes: int = 64) -> tuple[np.ndarray, int, float, int]:
    file, out = BytesIO(), np.zeros_like(symbols)
    chunks, nats = coder.encode(symbols, file, silent, chunk_bytes)
    file.seek(0)
    coder.decode(chunks, file, out, silent)
    return out, len(file.getvalue()), nats, len(chunks)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(MODELS)),
    symbols=st.lists(st.integers(0, 6), max_size=80),
    lanes=st.integers(1, 9),
)
def test_a_stream_of_any_length_in_any_lanes_decodes(name: str, symbols: list[int], lanes: int):
    stream = np.array(symbols, dtype=np.uint8)
    coder = Coder(MODELS[name], Levels(torch.device("cpu")), Layout(len(stream), None, lanes))
    out, size, nats, chunks = coded(coder, stream)
    np.testing.assert_array_equal(out, stream)
    assert size <= nats / log(2) / 8 * 1.001 + 8 * chunks


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(-(10**6), 10**6), st.just(5)), min_size=1, max_size=6),
    lanes=st.integers(1, 4),
)
def test_numbers_far_from_the_model_and_a_constant_column_decode(rows: list[tuple[int, int]], lanes: int):
    torch.manual_seed(0)
    space = Space("vector", (2,), None)
    likelihood = GaussianMixture(space)
    model = AutoregressiveModel(CharRNN(space, likelihood.outputs, hidden=8), likelihood).eval().requires_grad_(False)
    codec = TableCodec((0.0, 5.0), (30.0, 1.0), ("a", "b"))
    counts, grid = counted(np.array(rows) / 100, codec.columns, None)
    coder = Coder(model, Cells(codec, grid, torch.device("cpu")), Layout(len(counts), 2, lanes))
    out, *_ = coded(coder, counts.reshape(-1))
    np.testing.assert_array_equal(out, counts.reshape(-1))


def test_lanes_carry_their_state_so_that_few_lanes_cost_less():
    stream = np.arange(600, dtype=np.uint8) % 7
    sizes = []
    for lanes in (2, 100):
        coder = Coder(MODELS["ngram"], Levels(torch.device("cpu")), Layout(len(stream), None, lanes))
        sizes.append(coded(coder, stream)[2])
    assert sizes[0] < sizes[1] / 2


def test_the_labels_of_a_conditioned_model_are_coded_and_chosen_well():
    torch.manual_seed(0)
    space = Space("image", (2, 2, 1), 3, classes=2)
    model = AutoregressiveModel(NGram(space, 3, order=1), Categorical(space)).eval()
    images = torch.tensor([[0, 0, 0, 0], [2, 2, 2, 2]] * 20)
    model.network.estimate(images, torch.tensor([0, 1] * 20))
    coder = Coder(model, Levels(torch.device("cpu")), Layout(40, 4, 8))
    out, _, nats, _ = coded(coder, images.numpy().reshape(-1))
    np.testing.assert_array_equal(out, images.numpy().reshape(-1))
    assert nats / log(2) < 40 * 4 * log(3) / log(2) / 2


def test_a_chunk_coded_by_other_frequencies_is_refused():
    file = BytesIO()
    writer = ChunkWriter(file)
    writer.put(np.array([1, 0]), floored(np.full((2, 2), 0.5)))
    writer.end_step()
    writer.end_chunk()
    reader = ChunkReader(BytesIO(file.getvalue()), writer.chunks)
    reader.take(floored(np.array([[0.5, 0.5], [0.5 - 2**-50, 0.5]])))
    with pytest.raises(DataError, match="chunk 1 of 1: the model gives other probabilities"):
        reader.end_step()


def test_a_damaged_chunk_is_named():
    reader = ChunkReader(BytesIO(b"\1\2\3\4"), [Chunk(1, 4, 0, 0)])
    with pytest.raises(DataError, match="chunk 1 of 1 is damaged"):
        reader.take(floored(np.full((1, 2), 0.5)))


def test_probabilities_that_are_none_are_refused():
    with pytest.raises(DataError, match="not finite"):
        floored(np.array([[np.nan, 1.0]]))
