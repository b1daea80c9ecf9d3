"""Alarms at a chosen rate: conformal p-values of scores (Vovk et al., 2005; Bates et al., 2023).

A draw like the held-out examples has a p-value of at most the rate with a probability of at most the rate.
"""

from math import floor

import numpy as np
from jaxtyping import Float64

ROUNDING = 1e-9  # 0.07 * 100 is 7.000000000000001 in floating point, and 0.29 * 100 is 28.999999999999996


def p_values(
    held_out: Float64[np.ndarray, " held_out"], scores: Float64[np.ndarray, " examples"]
) -> Float64[np.ndarray, " examples"]:
    """(1 + how many held-out scores are as high) / (1 + how many there are)."""
    as_high = len(held_out) - np.searchsorted(np.sort(held_out), scores, side="left")
    return (1 + as_high) / (1 + len(held_out))


def threshold(held_out: Float64[np.ndarray, " held_out"], rate: float) -> float:
    """The score above which a p-value is at most `rate`.

    Raises:
        ValueError: when there are too few held-out scores for a rate as low.
    """
    allowed = floor(rate * (len(held_out) + 1) + ROUNDING)
    if allowed < 1:
        raise ValueError(f"{len(held_out)} tell rates from {1 / (len(held_out) + 1):.2g} on")
    return float(np.sort(held_out)[-allowed])
