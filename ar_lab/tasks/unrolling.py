"""What a task draws from a model: in batches, timed, watched."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ar_lab.report.bar import Bar
from ar_lab.sampling import Drawn
from ar_lab.sampling.jacobi import jacobi

# The rows that a batch draws, and what else `AutoregressiveModel.draw` takes.
Pieces = Callable[..., Iterator[Drawn]]


@dataclass(frozen=True)
class Request:
    """Examples to be drawn: what is known of them, and how the rest comes about."""

    x: Tensor  # (count, dims): the known values, and room for the others
    begin: int  # dimensions that are known and come before all others
    pieces: Pieces
    save: Callable[[Tensor, Path], Path]  # writes the examples into a directory; returns the file to look at
    labels: Tensor | None = None
    approximate: str | None = None  # why the draws are not from the model given all that is known


@dataclass
class Cost:
    """What the draws took."""

    seconds: float = 0.0
    passes: int = 0  # calls of the network


def unrolled(
    request: Request, how: dict[str, Any], batch_size: int, bar: Bar, watch: Callable[[int, Drawn], None] | None = None
) -> tuple[Tensor, Cost]:
    """The examples of a request, on the CPU; `watch` sees the first row of every batch as it is drawn."""
    x, cost, began = request.x.clone(), Cost(), time.monotonic()
    for first in range(0, len(x), batch_size):
        rows = slice(first, min(first + batch_size, len(x)))
        condition = None if request.labels is None else request.labels[rows]
        for drawn in request.pieces(rows, **how, condition=condition):
            x[rows, drawn.places] = drawn.values
            cost.passes += drawn.passes
            bar.advance(drawn.values.numel())
            if watch is not None:
                watch(first, drawn)
    x = x.cpu()
    cost.seconds = time.monotonic() - began
    return x, cost


def manner(task: dict[str, Any], sampler: str) -> dict[str, Any]:
    """How a task wants its conditionals drawn from, as `AutoregressiveModel.draw` takes it."""
    chosen = partial(jacobi, block=task["block"]) if sampler == "jacobi" else sampler
    return {key: task[key] for key in ("temperature", "top_k", "top_p")} | {"sampler": chosen}


def compared(x: Tensor, other: Tensor) -> dict[str, Any]:
    """How many examples two samplers made differently from the same noise, and the first dimension where they did."""
    differing = (x != other).any(1)
    first = int((x != other).any(0).nonzero()[0]) if differing.any() else None
    return {"differing": int(differing.sum()), "first_dimension": first, "largest": float((x - other).abs().max())}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
