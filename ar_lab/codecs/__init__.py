"""Codecs: what a user has (text, bytes, images, rows) to examples of a space and back."""

from typing import Any

from ar_lab.codecs.base import Codec
from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.codecs.text import ByteCodec, CharacterCodec

CODECS = {codec.kind: codec for codec in (CharacterCodec, ByteCodec, ImageCodec, TableCodec)}


def from_dict(state: dict[str, Any]) -> Codec:
    """The codec that `to_dict` described.

    Raises:
        ValueError: for a kind that is not known.
    """
    if state["kind"] not in CODECS:
        raise ValueError(f"codec kind={state['kind']!r}: known are {', '.join(CODECS)}")
    return CODECS[state["kind"]].from_dict(state)
