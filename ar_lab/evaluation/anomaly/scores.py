"""Scores of examples: higher is more anomalous, always; in nats an example, complexity in bits."""

from math import log

import numpy as np
from jaxtyping import Float, Float64, Int64

Scores = Float64[np.ndarray, " examples"]
HIGHEST = 1e30  # nats of an example that has no finite likelihood, so that differences stay numbers


def bounded(nats: Float[np.ndarray, "examples dims"]) -> Float64[np.ndarray, "examples dims"]:
    """Nats of dimensions, HIGHEST where an example is too far out for a finite number."""
    nats = nats.astype(np.float64)
    return np.where(np.isfinite(nats), nats, HIGHEST)


def typicality(nats: Scores, entropy: float) -> Scores:
    """|-log p(x) - H|, H the mean of -log p over training data (Nalisnick et al., 2019, groups of one)."""
    return np.abs(nats - entropy)


def group_typicality(nats: Scores, entropy: float, size: int, seed: int) -> Float64[np.ndarray, " groups"]:
    """|mean of -log p over a group - H| of disjoint groups drawn at random (Nalisnick et al., 2019)."""
    return typicality(nats[groups(len(nats), size, seed)].mean(1), entropy)


def groups(count: int, size: int, seed: int) -> Int64[np.ndarray, "groups size"]:
    """Disjoint groups of examples in random order; fewer than `size` are left over."""
    order = np.random.default_rng(seed).permutation(count)
    return order[: count // size * size].reshape(-1, size)


def ratio(nats: Scores, other: Scores) -> Scores:
    """-log p(x) + log p_other(x): what the model explains worse than another one.

    The other one is of the background, trained on perturbed inputs (Ren et al., 2019), or sees the neighborhood
    alone (Zhang et al., 2021); both papers have the sign the other way round, for what is in distribution.
    """
    return nats - other


def complexity(nats: Scores, bits: Scores) -> Scores:
    """-log2 p(x) - L(x) in bits, L the length that a general compressor needs (Serrà et al., 2020)."""
    return nats / log(2) - bits
