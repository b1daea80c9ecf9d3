"""steps: unrolled from caches, from any prefix, the network gives the conditionals of the parallel pass."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ar_lab.evaluation.certificate.proof import Finding
from ar_lab.evaluation.certificate.subject import Subject

ROWS = 3
PREFIXES = 6
BATCH = 32  # steps between two looks at the clock


def steps(subject: Subject) -> Iterator[Finding]:
    """From the start; from prefixes; pieces one after another; and for what carries on, beyond the window."""
    rows = min(ROWS, len(subject.x))
    for prefix in subject.some(PREFIXES):
        yield subject.agreed(lambda it, at=prefix: _from_prefix(it, rows, at), 1, subject.dims, "prefixes")
    yield _from_start(subject, rows)
    if getattr(subject.network, "carries", False):
        yield subject.agreed(lambda it: _beyond(it, rows), 2 * subject.dims, 2 * subject.dims, "places of two windows")


def _start(subject: Subject, rows: int) -> tuple[Tensor, Any]:
    labels = None if subject.condition is None else subject.condition[:rows]
    return subject.x[:rows], subject.network.start(rows, labels)


def _parallel(subject: Subject, rows: int) -> Float[Tensor, "rows dims outputs"]:
    return subject.params(subject.x[:rows], None if subject.condition is None else subject.condition[:rows])


def _from_prefix(subject: Subject, rows: int, prefix: int) -> float:
    """Pieces of an example up to the prefix, two steps, and apart from them the rest in one piece."""
    whole, parts = _parallel(subject, rows), []
    x, state = _start(subject, rows)
    for begin, end in ((0, prefix // 2), (prefix // 2, prefix)):
        if end > begin:
            params, state = subject.network.extend(x[:, begin:end], state)
            parts.append(params)
    parts.append(_stepped(subject, x, state, prefix, min(prefix + 2, subject.dims))[0])
    x, state = _start(subject, rows)
    if prefix:
        _, state = subject.network.extend(x[:, :prefix], state)
    rest, _ = subject.network.extend(x[:, prefix:], state)
    known = torch.cat(parts, dim=1)
    return max(subject.distance(known, whole[:, : known.shape[1]]), subject.distance(rest, whole[:, prefix:]))


def _stepped(
    subject: Subject, x: Shaped[Tensor, "rows dims"], state: Any, begin: int, end: int, asked: bool = False
) -> tuple[Float[Tensor, "rows places outputs"], Any]:
    """The parameters of some places by steps; `asked`: the conditional before the first was given out by a step."""
    params = []
    for i in range(begin, end):
        one, state = subject.network.step(x[:, i - 1] if asked or i > begin else None, state)
        params.append(one)
    return torch.stack(params, dim=1), state


def _from_start(subject: Subject, rows: int) -> Finding:
    """All steps from the first, as far as the clock allows."""
    reached, apart = _walk(subject, rows, subject.dims, timed=True)
    found = subject.agreed(
        lambda it: apart if it is subject else _walk(it, rows, reached)[1], reached, subject.dims, "steps"
    )
    return replace(found, stopped=reached < subject.dims)


def _walk(subject: Subject, rows: int, stop: int, timed: bool = False) -> tuple[int, float]:
    """How many steps there were, and how far they are from the parallel pass."""
    whole, apart, end = _parallel(subject, rows), 0.0, 0
    x, state = _start(subject, rows)
    while end < stop and not (timed and end and subject.clock.left == 0.0):
        begin, end = end, min(end + BATCH, stop)
        params, state = _stepped(subject, x, state, begin, end, asked=begin > 0)
        apart = max(apart, subject.distance(params, whole[:, begin:end]))
    return end, apart


def _beyond(subject: Subject, rows: int) -> float:
    """Two windows of a stream at once, against one after the other, and three steps behind the first."""
    x, state = _start(subject, rows)
    stream = torch.cat([x, x.flip(0)], dim=1)
    whole, _ = subject.network.extend(stream, state)
    first, state = subject.network.extend(x, _start(subject, rows)[1])
    second, _ = subject.network.extend(stream[:, subject.dims :], state)
    _, state = subject.network.extend(x, _start(subject, rows)[1])
    end = min(subject.dims + 3, 2 * subject.dims)
    stepped, _ = _stepped(subject, stream, state, subject.dims, end)
    return max(
        subject.distance(torch.cat([first, second], dim=1), whole),
        subject.distance(stepped, whole[:, subject.dims : end]),
    )
