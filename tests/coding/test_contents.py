"""Any bytes as text, numbers as written, weights to the bit."""

from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ar_lab.codecs.text import ByteCodec, CharacterCodec
from ar_lab.coding.contents import Grid, counted
from ar_lab.coding.text import decode_text, encode_text
from ar_lab.coding.weights import pack, rounded, unpack
from ar_lab.errors import ConfigError, DataError

CODECS = [CharacterCodec("\n abc", True, 4), CharacterCodec("\n abc", False, 4), ByteCodec(4)]
ANY = st.one_of(st.binary(max_size=60), st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))


@settings(max_examples=100, deadline=None)
@given(content=ANY, codec=st.sampled_from(CODECS))
def test_any_bytes_are_a_text_and_come_back(content: bytes, codec: CharacterCodec | ByteCodec):
    sink = BytesIO()
    found = encode_text(BytesIO(content), codec, sink)
    symbols = np.frombuffer(sink.getvalue(), np.uint8)
    assert len(symbols) == found.symbols
    assert symbols.max(initial=0) < codec.space.levels
    assert b"".join(decode_text(symbols, found.extra, codec)) == content


def test_a_text_of_the_alphabet_needs_nothing_beside_its_symbols():
    for codec in CODECS[:2]:
        found = encode_text(BytesIO(b"abc\ncab"), codec, BytesIO())
        assert (found.extra, found.escapes) == (b"", 0)


def test_escapes_of_another_text_are_refused():
    codec = CODECS[0]
    extra = encode_text(BytesIO(b"xyz"), codec, BytesIO()).extra
    with pytest.raises(DataError, match="escapes"):
        list(decode_text(np.zeros(3, np.uint8), extra, codec))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-(10**8), 10**8), st.integers(0, 6)), min_size=1, max_size=20))
def test_numbers_come_back_as_they_are_written(written: list[tuple[int, int]]):
    rows = np.array([[float(f"{number}e-{decimals}")] for number, decimals in written])
    counts, grid = counted(rows, ("a",), None)
    again = Grid.from_bytes(grid.to_bytes(), 1)
    assert again == grid
    np.testing.assert_array_equal(again.numbers(counts), rows)
    assert [float(again.written(number, 0)) for number in again.numbers(counts)[:, 0]] == rows[:, 0].tolist()


def test_numbers_without_a_last_decimal_ask_for_a_precision():
    with pytest.raises(ConfigError, match=r"column 'a' has numbers of more than 9 decimals.*task.precision=0.001"):
        counted(np.array([[1 / 3]]), ("a",), None)
    counts, grid = counted(np.array([[1 / 3], [0.66]]), ("a",), 0.25)
    np.testing.assert_array_equal(grid.numbers(counts), [[0.25], [0.75]])


WEIGHTS = {
    "normal": torch.randn(40, 50, generator=torch.Generator().manual_seed(0)),
    "half": torch.randn(3, 4).bfloat16(),
    "keys": torch.arange(5000) * 977,
    "signs": torch.tensor([-3, 2, -1]),
    "none": torch.zeros(0),
    "one": torch.tensor(2.5, dtype=torch.float64),
    "flag": torch.tensor([True, False]),
}


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_weights_come_back_and_take_less_than_their_bytes(dtype: str):
    packed = pack(WEIGHTS, dtype)
    found, expected = unpack(packed), rounded(WEIGHTS, dtype)
    assert list(found) == list(WEIGHTS)
    for name, tensor in expected.items():
        assert found[name].dtype == WEIGHTS[name].dtype
        assert torch.equal(found[name], tensor)
    assert len(packed) < 0.9 * sum(tensor.nbytes for tensor in WEIGHTS.values()) / (4 if dtype == "fp16" else 1)


def test_weights_beyond_half_precision_are_refused_by_name():
    with pytest.raises(ValueError, match="big has numbers beyond 65,504"):
        pack({"big": torch.tensor([1e6])}, "fp16")


def test_damaged_weights_are_an_error_or_other_weights_and_nothing_worse():
    content = pack({name: WEIGHTS[name] for name in ("signs", "one", "keys")}, "fp32")
    random = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 2):
            damaged[place] ^= int(random.integers(1, 256))
        try:
            unpack(bytes(damaged[: random.integers(1, len(content) + 1)]), limit=10**6)
        except DataError:
            continue
