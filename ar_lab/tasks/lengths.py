"""The three lengths of one content, and what general compressors make of it."""

from math import log
from pathlib import Path
from typing import Any

import numpy as np

from ar_lab.codecs.base import Codec
from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.coding.alphabet import alphabet_for
from ar_lab.coding.contents import Contents, Grid
from ar_lab.coding.header import Header
from ar_lab.coding.layout import Layout
from ar_lab.coding.prequential import Learner, Still, nats_by_segments
from ar_lab.coding.text import decode_text
from ar_lab.evaluation.compressors import Images, file_sizes, image_sizes, picture_sizes, stream_sizes, zstd_size
from ar_lab.report.bar import Bar
from ar_lab.tasks.contents import table_text
from ar_lab.tasks.packed import Packed

LANES = 16  # of a stream from which a model learns while it is coded: more would learn less often
EXAMPLES = 32
STILL = 512  # steps that a model which learns nothing is asked for at a time


def lengths(size: int, header: Header, contents: Contents, packed: Packed, config: dict[str, Any]) -> dict[str, Any]:
    """Bytes given the model, with the model in the file, and learned while coding; None for what was not asked for.

    Those of the code that was not written are ideal: without header and rounding.
    """
    given = size - header.embedded
    if header.online is not None:
        still = _ideal(Still(packed.model), contents, packed, header.layout, STILL)
        return {"raw": still, "two_part": _with_model(still, packed), "prequential": given}
    return {"raw": given, "two_part": _with_model(given, packed), "prequential": _prequential(contents, packed, config)}


def _with_model(length: int | float | None, packed: Packed) -> int | float | None:
    return None if length is None else length + len(packed.embedded(None))


def _prequential(contents: Contents, packed: Packed, config: dict[str, Any]) -> int | float | None:
    task = config["task"]
    if not task["prequential"]:
        return None
    learner = Learner(packed.fresh(config["seed"]).model, task["online_lr"])
    return _ideal(learner, contents, packed, online_layout(contents, task), task["online_segment"])


def online_layout(contents: Contents, task: dict[str, Any]) -> Layout:
    """Fewer lanes than a model which is trained already could have: it learns after every few steps of all of them."""
    count, *dims = contents.symbols.shape
    return Layout(count, dims[0] if dims else None, task["lanes"] or (EXAMPLES if dims else min(LANES, max(1, count))))


def _ideal(
    learner: Learner | Still, contents: Contents, packed: Packed, layout: Layout, segment: int
) -> int | float | None:
    """Bytes that the conditionals come to; None for a space with classes, whose labels are chosen by the coder."""
    if packed.codec.space.classes is not None:
        return None
    alphabet = alphabet_for(packed.codec, contents.extra, packed.model.network.device)
    nats, symbols = 0.0, contents.symbols.reshape(-1)
    with Bar("learning while coding" if isinstance(learner, Learner) else "scoring", layout.symbols) as bar:
        for scored, cost in nats_by_segments(learner, alphabet, symbols, layout, segment):
            nats += cost
            bar.advance(scored)
    return nats / log(2) / 8 + len(contents.extra)


def other_codes(contents: Contents, codec: Codec, path: str | None) -> tuple[dict[str, int], int]:
    """Bytes by general compressors, and of what they are given: the file, the levels of images, a table as CSV."""
    symbols = contents.symbols
    if isinstance(codec, ImageCodec):
        images: Images = symbols.astype(np.uint8).reshape(-1, *codec.shape)
        general = image_sizes(images, codec.levels) | zstd_size(images.tobytes())
        return general | picture_sizes(images, codec.levels), images.nbytes
    if path is not None and Path(path).is_file():
        return file_sizes(Path(path)), Path(path).stat().st_size
    raw = _raw(contents, codec)
    return stream_sizes(raw) | zstd_size(raw), len(raw)


def _raw(contents: Contents, codec: Codec) -> bytes:
    if isinstance(codec, TableCodec):
        return table_text(contents.symbols, Grid.from_bytes(contents.extra, len(codec.columns)), codec).encode()
    if contents.symbols.ndim == 1:
        return b"".join(decode_text(contents.symbols, contents.extra, codec))
    return contents.symbols.tobytes()
