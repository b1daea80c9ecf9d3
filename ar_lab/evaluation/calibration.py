"""Calibration: whether what the conditionals call probable happens as often as they say.

Of a sequence of classifiers the reliability of its likeliest level (Guo et al., 2017); of densities the probability
integral transform u_i = F(x_i | x_1 … x_{i-1}), independent and uniform where the model is right (Rosenblatt, 1952).
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ar_lab.likelihoods.base import ContinuousConditional, DiscreteConditional

BINS = 15  # of confidence, of equal width, as in Guo et al. (2017)
ROWS = 2**14  # of a pmf that are ranked at once


@dataclass
class Reliability:
    """Sums over predictions, by the confidence of the likeliest level: as many numbers whatever the data.

    Of levels equally likely the lowest is the prediction.
    """

    bins: int = BINS
    counts: Float[np.ndarray, " bins"] = field(init=False)
    hits: Float[np.ndarray, " bins"] = field(init=False)
    confidences: Float[np.ndarray, " bins"] = field(init=False)
    truth: float = 0.0  # sum of the probabilities that the true levels were given

    def __post_init__(self):
        self.counts, self.hits, self.confidences = (np.zeros(self.bins) for _ in range(3))

    def add(
        self,
        conditional: DiscreteConditional,
        x: Int[Tensor, "batch dims"],
        scored: Int[Tensor, " scored"],
    ) -> None:
        """Takes in the dimensions `scored` of a pass."""
        pmf, x = conditional.pmf()[:, scored].flatten(0, 1), x[:, scored].flatten()
        for some, true in zip(pmf.split(ROWS), x.split(ROWS), strict=True):
            self._add(some.double(), true)

    def _add(self, pmf: Float[Tensor, "count levels"], x: Int[Tensor, " count"]) -> None:
        confidence, predicted = pmf.max(-1)
        # Bins (k / bins, (k + 1) / bins], as in the paper.
        places = ((confidence * self.bins).ceil().long() - 1).clamp(0, self.bins - 1).cpu().numpy()
        hit, confidence = (predicted == x).double().cpu().numpy(), confidence.cpu().numpy()
        for sums, values in ((self.counts, None), (self.hits, hit), (self.confidences, confidence)):
            sums += np.bincount(places, values, self.bins)
        self.truth += float(pmf.gather(-1, x.unsqueeze(-1)).sum())

    def figures(self) -> dict[str, float | int]:
        """`ece` = sum_b n_b / n |accuracy_b - confidence_b|, in [0, 1], with the means that it compares."""
        count = max(self.counts.sum(), 1)
        return {
            "ece": float(np.abs(self.hits - self.confidences).sum() / count),
            "accuracy": float(self.hits.sum() / count),
            "confidence": float(self.confidences.sum() / count),
            "truth_probability": float(self.truth / count),
            "predictions": int(self.counts.sum()),
        }


@dataclass
class Transform:
    """The probability integral transforms of real numbers, a number each."""

    pieces: list[Float[np.ndarray, " _"]] = field(default_factory=list)

    def add(
        self,
        conditional: ContinuousConditional,
        x: Float[Tensor, "batch dims"],
        scored: Int[Tensor, " scored"],
    ) -> None:
        """Takes in the dimensions `scored` of a pass."""
        self.pieces.append(conditional.cdf(x)[:, scored].flatten().double().cpu().numpy())

    @property
    def values(self) -> Float[np.ndarray, " count"]:
        return np.concatenate([np.empty(0), *self.pieces])

    def figures(self) -> dict[str, float | int]:
        """`ks`: the Kolmogorov-Smirnov distance of the transforms from uniform, in [0, 1].

        A model that is right exceeds `ks_by_chance`, 1.358 / sqrt(n), once in twenty times.
        """
        count = len(self.values)
        by_chance = 1.358 / max(count, 1) ** 0.5
        return {"ks": distance_from_uniform(self.values), "ks_by_chance": by_chance, "predictions": count}


def distance_from_uniform(values: Float[np.ndarray, " count"]) -> float:
    """sup |F_n(u) - u| over [0, 1], of the empirical distribution function F_n; 0 of no values."""
    if not len(values):
        return 0.0
    u, steps = np.sort(values), np.arange(len(values) + 1) / len(values)
    return float(max((steps[1:] - u).max(), (u - steps[:-1]).max()))
