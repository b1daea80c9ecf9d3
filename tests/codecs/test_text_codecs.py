"""Characters and bytes come back as they were; what the code leaves out is charged."""

from math import log

import pytest
import torch

from ar_lab import codecs
from ar_lab.codecs.text import SCALAR_VALUES, ByteCodec, CharacterCodec
from ar_lab.errors import DataError

TEXT = "Größe 日本 🎉\n\t\x00 end"


def test_characters_of_the_training_part_come_back_exactly():
    codec = CharacterCodec.fitted(TEXT, unknown=False, context=4)
    assert codec.decode(codec.encode(TEXT)) == TEXT
    assert codec.space.levels == len(set(TEXT))


def test_every_character_has_its_own_level():
    codec = CharacterCodec.fitted("cab", unknown=True, context=2)
    assert codec.encode("abc").tolist() == [0, 1, 2]


def test_windows_decode_to_one_text_each():
    codec = CharacterCodec.fitted("abc", unknown=False, context=2)
    assert codec.decode(torch.tensor([[0, 1], [2, 2]])) == ["ab", "cc"]


def test_an_unseen_character_becomes_the_last_level_and_reads_as_the_replacement_character():
    codec = CharacterCodec.fitted("bd", unknown=True, context=2)
    x = codec.encode("abcde")  # below, between and above the known ones
    assert x.tolist() == [2, 0, 2, 1, 2]
    assert codec.decode(x) == "\ufffdb\ufffdd\ufffd"


def test_an_unseen_character_is_charged_uniformly_over_the_rest_of_unicode():
    codec = CharacterCodec.fitted("abc", unknown=True, context=2)
    charge = codec.charge(codec.encode("a?b"))
    assert charge.tolist() == [0, pytest.approx(log(0x110000 - 2048 - 3)), 0]
    # So the code is complete: all characters that `unknown` may stand for share its probability.
    assert (SCALAR_VALUES - 3) * torch.exp(-charge[1].double()) == pytest.approx(1, rel=1e-5)


def test_without_unknown_no_level_is_spent_and_an_unseen_character_is_named():
    codec = CharacterCodec.fitted("ab", unknown=False, context=2)
    assert codec.space.levels == 2
    with pytest.raises(
        DataError, match=r"3 of 5 characters never occur in training: 'é' \(U\+00E9\), '🎉'.*unknown=true"
    ):
        codec.encode("aé🎉éb")


@pytest.mark.parametrize(("text", "dtype"), [("ab", torch.uint8), ("".join(map(chr, range(300))), torch.int32)])
def test_levels_are_kept_in_the_smallest_type_that_holds_them(text, dtype):
    codec = CharacterCodec.fitted(text, unknown=True, context=2)
    assert codec.encode(text).dtype == dtype
    assert codec.decode(codec.encode(text)) == text


@pytest.mark.parametrize("unknown", [False, True])
def test_a_text_of_one_character_has_nothing_to_predict(unknown):
    with pytest.raises(DataError, match="all 'a'"):
        CharacterCodec.fitted("aaaa", unknown=unknown, context=2)


def test_bytes_come_back_exactly_and_are_never_charged():
    codec = ByteCodec(context=8)
    everything = bytes(range(256))
    x = codec.encode(everything)
    assert codec.decode(x) == everything
    assert codec.decode(x.view(32, 8).long())[1] == everything[8:16]
    assert codec.encode(TEXT).tolist() == list(TEXT.encode())
    assert codec.charge(x).count_nonzero() == 0


@pytest.mark.parametrize("codec", [CharacterCodec(" ab日🎉", True, 16), CharacterCodec("ab", False, 3), ByteCodec(8)])
def test_a_codec_survives_plain_containers(codec):
    assert codecs.from_dict(codec.to_dict()) == codec


def test_an_unknown_kind_of_codec_is_refused():
    with pytest.raises(ValueError, match="kind='morse': known are characters, bytes, image, table"):
        codecs.from_dict({"kind": "morse"})
