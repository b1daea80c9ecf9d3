"""What stands beside the figures, on every kind of data."""

import gzip
from math import log

import pytest
import torch

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.codecs.text import ByteCodec, CharacterCodec
from ar_lab.data.parts import Parts
from ar_lab.tasks.baselines import others


def parts(codec, test: torch.Tensor) -> Parts:
    return Parts(codec, test, test, test, checksum="")


def test_a_text_is_measured_by_the_character_of_its_utf8():
    text = "naïve, à propos: " * 50
    found = others(parts(codec := CharacterCodec.fitted(text, True, 8), x := codec.encode(text)), [(x, None)])
    assert found["gzip/bits_per_char"] == pytest.approx(8 * len(gzip.compress(text.encode(), 9)) / len(text))
    assert found["gzip/characters"] == len(text)
    assert found["uniform/nats_per_dim"] == pytest.approx(log(codec.space.levels))


def test_a_character_that_is_unknown_costs_the_uniform_law_its_charge():
    codec = CharacterCodec("ab", True, 2)
    x = codec.encode("abZa")
    found = others(parts(codec, x), [(x, None)])
    assert found["uniform/nats_per_dim"] == pytest.approx(log(3) + float(codec.charge(x).mean()))


def test_bytes_are_compressed_as_they_are():
    raw = bytes(range(256)) * 4
    found = others(parts(codec := ByteCodec(8), x := codec.encode(raw)), [(x[:512], None), (x[512:], None)])
    assert found["gzip/bits_per_byte"] == pytest.approx(8 * len(gzip.compress(raw, 9)) / len(raw))


def test_a_large_part_is_compressed_in_part_and_says_so(monkeypatch):
    monkeypatch.setattr("ar_lab.tasks.baselines.COMPRESSED", 40)
    codec, x = ImageCodec((2, 2, 1), 17, 17), torch.zeros(30, 4, dtype=torch.uint8)
    found = others(parts(codec, x), [(x, None)])
    assert (found["uniform/examples"], found["xz/examples"], found["png/examples"]) == (30, 10, 10)
    assert found["png/bits_per_dim"] == pytest.approx(found["png/nats_per_dim"] / log(2))


def test_real_numbers_have_no_length_without_a_precision():
    x = torch.zeros(3, 2)
    assert others(parts(TableCodec((0.0, 0.0), (1.0, 1.0), ("a", "b")), x), [(x, None)]) == {}
