"""Two models on the same held-out examples: what makes an example hard cancels from their paired differences."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ar_lab.evaluation.bootstrap import mean_interval
from ar_lab.evaluation.figures import BLOCK, block_interval
from ar_lab.evaluation.resampling import compare


@dataclass(frozen=True)
class Paired:
    """The mean of first - second in nats a dimension: below zero where the first one is better.

    `ci95` is a bootstrap interval over examples, of text over blocks; `p` that of the paired t-test. None where fewer
    than two observations tell.
    """

    difference: float
    se: float | None
    ci95: list[float] | None
    p: float | None
    first_wins: int
    second_wins: int


def observations(nll: Float[Tensor, "*shape"]) -> Float[np.ndarray, " count"]:
    """Nats a dimension of every example `(examples, dims)`, or of every whole block of 1,000 symbols of a text.

    A text that is shorter is one observation.
    """
    nll = nll.double()
    if nll.ndim == 2:
        return nll.mean(1).numpy()
    size = min(BLOCK, max(1, len(nll)))
    return nll[: len(nll) // size * size].reshape(-1, size).mean(1).numpy()


def paired(first: Float[Tensor, "*shape"], second: Float[Tensor, "*shape"], seed: int = 0) -> Paired:
    """Compares two scores of the same examples `(examples, dims)`, or of the same text `(length,)`."""
    differences = first.double() - second.double()
    seen = observations(differences)
    interval = block_interval(differences, seed) if differences.ndim == 1 else mean_interval(seen, seed)
    tested = compare(seen.tolist(), range(len(seen)), test_to_train=0.0)  # independent: nothing to correct
    se = None if len(seen) < 2 else float(seen.std(ddof=1) / len(seen) ** 0.5)
    wins = int((seen < 0).sum()), int((seen > 0).sum())
    return Paired(float(differences.mean()), se, interval, tested.p, *wins)
