"""What is put beside the figures of a model, on the same test part: laws fitted by counting, general compressors."""

from math import log
from typing import Any

import torch
from torch import Tensor

from ar_lab.data.parts import Parts, fixed_subset
from ar_lab.evaluation.baseline import FactorizedBaseline, ngram_baseline
from ar_lab.evaluation.compressors import image_sizes, picture_sizes, stream_sizes
from ar_lab.tasks.scored import named, score

COMPRESSED = 2**24  # dimensions of the test part that are compressed, at most: xz takes 12 s for as many


def baselines(parts: Parts, test: list[tuple[Tensor, Tensor | None]], config: dict[str, Any]) -> dict[str, Any]:
    """The figures of what is fitted by counting, on what is scored of the test part."""
    factorized = FactorizedBaseline(parts.codec.space, parts.codec, parts.train)
    found = named("baseline", factorized.score(torch.cat([x for x, _ in test])), parts)
    if not parts.is_stream:
        return found
    ngram = ngram_baseline(parts.codec.space, parts.train)
    return found | named("ngram", torch.cat([score(ngram, parts, x, config) for x, _ in test]), parts)


def others(parts: Parts, test: list[tuple[Tensor, Tensor | None]]) -> dict[str, Any]:
    """The uniform law and general compressors: `<name>/nats_per_dim` and the same in bits; {} for real numbers.

    Compressed is what is scored of the test part, as one file: the UTF-8 of a text, the levels of images. So many
    dimensions at most; the count stands beside the figures.
    """
    space, x = parts.codec.space, torch.cat([piece for piece, _ in test])
    if not space.discrete or not x.numel():
        return {}
    uniform = log(space.levels) + float(parts.codec.charge(x).double().mean())
    found = _lengths("uniform", uniform, parts, len(x))
    x = x[:COMPRESSED] if parts.is_stream else x[fixed_subset(x, max(1, COMPRESSED // space.dims), space.dims)]
    for name, size in _sizes(parts, x).items():
        found |= _lengths(name, size * 8 * log(2) / x.numel(), parts, len(x))
    return found


def _sizes(parts: Parts, x: Tensor) -> dict[str, int]:
    """Bytes that each compressor leaves of coded examples or of a stream."""
    space = parts.codec.space
    if parts.is_stream:
        text = parts.codec.decode(x)
        return stream_sizes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    if space.levels > 256:
        return {}
    levels = x.to(torch.uint8).reshape(-1, *space.image_shape).numpy()
    pictures = picture_sizes(levels, space.levels) if space.kind == "image" else {}
    return image_sizes(levels, space.levels) | pictures


def _lengths(name: str, nats_per_dim: float, parts: Parts, count: int) -> dict[str, Any]:
    unit = {"characters": "char", "bytes": "byte"}.get(parts.codec.kind, "dim") if parts.is_stream else "dim"
    counted = parts.codec.kind if parts.is_stream else "examples"
    figures = {"nats_per_dim": nats_per_dim, f"bits_per_{unit}": nats_per_dim / log(2), counted: count}
    return {f"{name}/{key}": value for key, value in figures.items()}
