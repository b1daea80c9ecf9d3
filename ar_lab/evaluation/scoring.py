"""Scoring: the nats of every dimension of held-out data, charges of the codec included."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.likelihoods.base import Conditional
from ar_lab.model import AutoregressiveModel

STREAM_CHUNK = 4096  # characters extended at once when the state is carried


class Piece(NamedTuple):
    """One pass of the network over held-out data: its conditionals, and what they say of the dimensions scored."""

    conditional: Conditional  # of every dimension, in the network's order
    x: Tensor  # (batch, dims): their values, in that order
    scored: Tensor  # (scored,): where in it the scored dimensions stand, in the space's order
    nll: Tensor  # (batch, scored): -log p of these and the codec's charge, in nats, on the CPU


def score_examples(
    model: AutoregressiveModel,
    codec: Codec,
    x: Shaped[Tensor, "examples dims"],
    batch_size: int,
    condition: Int64[Tensor, " examples"] | None = None,
) -> Float[Tensor, "examples dims"]:
    """-log p of every dimension of the raw examples, given their labels if they have some; in nats, on the CPU."""
    return torch.cat([piece.nll for piece in example_pieces(model, codec, x, batch_size, condition)])


def score_stream(
    model: AutoregressiveModel, codec: Codec, stream: Shaped[Tensor, " length"], stride: int | None, batch_size: int
) -> Float[Tensor, " length"]:
    """-log p of every character of a text given those before it, each scored once, in nats, on the CPU.

    Without a `stride` the state is carried from the first character to the last, where the network can; otherwise
    windows of the model's D characters advance by `stride` (by default half of D) and score their last `stride` ones,
    so that each is given at least D - stride characters of context, except in the first window, which has none.

    Raises:
        ValueError: for a stride outside 1..D.
    """
    return torch.cat([piece.nll.flatten() for piece in stream_pieces(model, codec, stream, stride, batch_size)])


def example_pieces(
    model: AutoregressiveModel,
    codec: Codec,
    x: Shaped[Tensor, "examples dims"],
    batch_size: int,
    condition: Int64[Tensor, " examples"] | None = None,
    last: int | None = None,
) -> Iterator[Piece]:
    """The passes of `score_examples`; `last`: of every example, only so many last dimensions are scored."""
    for begin in range(0, max(len(x), 1), batch_size):
        some = slice(begin, begin + batch_size)
        yield _example_piece(model, codec, x[some], None if condition is None else condition[some], last)


@torch.inference_mode()
def _example_piece(
    model: AutoregressiveModel, codec: Codec, x: Tensor, given: Tensor | None, last: int | None
) -> Piece:
    batch, order = model.cast(x), model.network.order
    ordered = batch if order is None else batch[:, order]
    params = model.network(ordered, None if given is None else given.to(batch.device))
    conditional = model.likelihood.conditional(params)
    first = 0 if last is None else batch.shape[1] - last
    scored = (torch.arange(batch.shape[1], device=batch.device) if order is None else order.argsort())[first:]
    nll = codec.charge(batch)[:, first:] - conditional.log_prob(ordered)[:, scored]
    return Piece(conditional, ordered, scored, nll.cpu())


def stream_pieces(
    model: AutoregressiveModel, codec: Codec, stream: Shaped[Tensor, " length"], stride: int | None, batch_size: int
) -> Iterator[Piece]:
    """The passes of `score_stream`, which together score every character once, in order."""
    dims, length = model.space.dims, len(stream)
    if length < dims or (stride is None and model.network.carries):
        yield from _carried_pieces(model, codec, stream)
        return
    stride = max(1, dims // 2) if stride is None else stride
    if not 1 <= stride <= dims:
        raise ValueError(f"stride={stride} for windows of {dims}: use 1..{dims}")
    last = length - dims
    starts = torch.arange(stride, max(last + 1, stride), stride)
    yield from example_pieces(model, codec, stream[None, :dims], 1)
    for some in starts.split(batch_size):
        windows = stream[some[:, None] + torch.arange(dims)]
        yield from example_pieces(model, codec, windows, batch_size, last=stride)
    if rest := last % stride:
        yield from example_pieces(model, codec, stream[None, last:], 1, last=rest)


def _carried_pieces(model: AutoregressiveModel, codec: Codec, stream: Shaped[Tensor, " length"]) -> Iterator[Piece]:
    state = model.network.start(1)
    for chunk in stream.split(STREAM_CHUNK):
        piece, state = _carried_piece(model, codec, chunk, state)
        yield piece


@torch.inference_mode()
def _carried_piece(model: AutoregressiveModel, codec: Codec, chunk: Tensor, state: Any) -> tuple[Piece, Any]:
    x = model.cast(chunk)[None]
    params, state = model.network.extend(x, state)
    conditional = model.likelihood.conditional(params)
    nll = (codec.charge(x) - conditional.log_prob(x)).cpu()
    return Piece(conditional, x, torch.arange(len(chunk), device=x.device), nll), state
