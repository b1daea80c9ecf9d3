"""Scoring: the nats of every dimension of held-out data, charges of the codec included."""

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.model import AutoregressiveModel

STREAM_CHUNK = 4096  # characters extended at once when the state is carried


@torch.inference_mode()
def score_examples(
    model: AutoregressiveModel,
    codec: Codec,
    x: Shaped[Tensor, "examples dims"],
    batch_size: int,
    condition: Int64[Tensor, " examples"] | None = None,
) -> Float[Tensor, "examples dims"]:
    """-log p of every dimension of the raw examples, given their labels if they have some; in nats, on the CPU."""
    scores = []
    for begin in range(0, max(len(x), 1), batch_size):
        batch = model.cast(x[begin : begin + batch_size])
        given = None if condition is None else condition[begin : begin + batch_size].to(batch.device)
        scores.append((model.nll(batch, given) + codec.charge(batch)).cpu())
    return torch.cat(scores)


@torch.inference_mode()
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
    dims, length = model.space.dims, len(stream)
    if length < dims or (stride is None and model.network.carries):
        return _score_carried(model, codec, stream)
    stride = max(1, dims // 2) if stride is None else stride
    if not 1 <= stride <= dims:
        raise ValueError(f"stride={stride} for windows of {dims}: use 1..{dims}")
    last = length - dims
    starts = torch.arange(stride, max(last + 1, stride), stride)
    scores = [score_examples(model, codec, stream[None, :dims], 1).flatten()]
    for some in starts.split(batch_size):
        windows = stream[some[:, None] + torch.arange(dims)]
        scores.append(score_examples(model, codec, windows, batch_size)[:, -stride:].flatten())
    rest = last % stride
    if rest:
        scores.append(score_examples(model, codec, stream[None, last:], 1)[0, -rest:])
    return torch.cat(scores)


def _score_carried(model: AutoregressiveModel, codec: Codec, stream: Shaped[Tensor, " length"]) -> Tensor:
    state, scores = model.network.start(1), []
    for chunk in stream.split(STREAM_CHUNK):
        x = model.cast(chunk)[None]
        params, state = model.network.extend(x, state)
        scores.append((codec.charge(x) - model.likelihood.conditional(params).log_prob(x))[0].cpu())
    return torch.cat(scores)
