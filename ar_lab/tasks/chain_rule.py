"""The chain rule of one point: every conditional of an example, whose product is its likelihood."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError
from ar_lab.model import AutoregressiveModel
from ar_lab.report.chain_rule import Chain
from ar_lab.tasks.scored import score


def chain_rule(model: AutoregressiveModel, parts: Parts, config: dict[str, Any]) -> Chain:
    """The conditionals of example `task.example` of the test part, in the order in which the network takes them.

    Of a text it is a window of the stream, given all that is before it as far as the figure is; the first is given
    nothing.
    """
    index, dims = config["task"]["example"], parts.codec.space.dims
    if parts.is_stream:
        text = parts.stretches("test")[0]
        x = text[index * dims : (index + 1) * dims]
        nll = score(model, parts, text[: (index + 1) * dims], config)[index * dims :]
        begin, label = index * dims, None
    else:
        x, labels = parts.test[index], parts.labels.get("test")
        label = None if labels is None else int(labels[index])
        nll = score(model, parts, x[None], config, None if labels is None else labels[index : index + 1])[0]
        begin = 0
    order = torch.arange(len(x)) if model.network.order is None else model.network.order.cpu()
    nats = nll.double()[order]
    headings, places = _places(parts.codec, order, begin)
    values = [value.item() for value in x[order]]
    return Chain(index, label, headings, places, values, _shown(parts.codec, x, order), nats.tolist())


def check_example(parts: Parts, example: int | None) -> None:
    """Raises ConfigError for an example that the test part does not have."""
    if example is None:
        return
    count, what = len(parts.test), "examples"
    if parts.is_stream:
        count = max(1, len(parts.stretches("test")[0]) // parts.codec.space.dims)
        what = f"windows of {parts.codec.space.dims}"
    if example >= count:
        raise ConfigError(f"task.example={example}: the test part has {count:,} {what}, so use 0..{count - 1}")


def _places(codec: Codec, order: Tensor, begin: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Where every dimension stands: row, column and channel of a pixel, or its place in the text or table."""
    space = codec.space
    if space.kind == "image":
        return ["row", "column", "channel"], list(zip(*np.unravel_index(order.numpy(), space.shape), strict=True))
    if space.kind == "sequence":
        return ["position"], [(begin + i,) for i in order.tolist()]
    names = getattr(codec, "columns", range(space.dims))
    return ["column"], [(names[i],) for i in order.tolist()]


def _shown(codec: Codec, x: Tensor, order: Tensor) -> list[Any]:
    """Every dimension as it is in the raw object: a pixel, a character or byte, a number of the table."""
    if codec.space.kind == "sequence":
        raw = codec.decode(x)
        return [repr(raw[i : i + 1]) for i in order.tolist()]
    return np.asarray(codec.decode(x[None])).reshape(-1)[order.numpy()].tolist()
