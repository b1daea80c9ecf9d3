"""By which model a file was coded: a hash of it, or the whole model in the file."""

import json
import zlib
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.coding.fields import Fields, varint
from ar_lab.coding.header import MODEL
from ar_lab.errors import DataError

ROOM = 2**24  # bytes: what a description of a model may have


def description(config: dict[str, Any], codec: Codec) -> bytes:
    """What a model is built from, without its weights."""
    parts = {"model": config["model"], "likelihood": config["likelihood"], "codec": codec.to_dict()}
    return json.dumps(parts, sort_keys=True).encode()


def identity(described: bytes, weights: dict[str, Tensor]) -> bytes:
    """The first bytes of the SHA-256 of a model: no two models have the same one, but by a chance of 2^-48."""
    found = sha256(described)
    for name, tensor in sorted(weights.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(memoryview(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()))
    return found.digest()[:MODEL]


def embedded(described: bytes, weights: bytes) -> bytes:
    """A description and packed weights (coding.weights) as one section of a file."""
    short = zlib.compress(described, 9)
    return varint(len(short)) + short + weights


def unembedded(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The parts of a description, and the packed weights.

    Raises:
        DataError: for a section that `embedded` did not make.
    """
    fields = Fields(content)
    try:
        inflated = zlib.decompressobj().decompress(fields.take(fields.varint()), ROOM)
        parts = json.loads(inflated)
    except (zlib.error, ValueError) as error:
        raise DataError("the model in it is damaged: its description cannot be read") from error
    if not isinstance(parts, dict) or {*parts} != {"model", "likelihood", "codec"}:
        raise DataError("the model in it is described otherwise than this ar_lab does")
    return parts, content[fields.place :]
