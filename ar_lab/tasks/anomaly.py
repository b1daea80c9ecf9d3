"""Anomaly scores by a trained model, and by a background or a local one beside it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped
from torch import Tensor

from ar_lab.data.parts import Parts
from ar_lab.restore import Restored

Nats = dict[str, Float64[np.ndarray, "examples dims"]]  # model, background, local -> of every dimension
Scores = dict[str, Float64[np.ndarray, " examples"]]


class Scorer:
    """What tells anomalies: made once of a restored run, its parts, and the runs that `task` names beside it.

    `names` are the scores that it gives, of which higher is more anomalous: likelihood, typicality, complexity_* (images:
    png; images and text: zlib, xz), ratio with task.background, local with task.local.

    Raises:
        ConfigError: for a model that is conditioned on labels, and for another run whose examples are other ones.
    """

    names: tuple[str, ...]
    entropy: float  # mean of -log p(x) over a fixed subset of the training part, in nats an example

    def __init__(self, restored: Restored, parts: Parts, config: dict[str, Any]):
        raise NotImplementedError

    def nats(self, x: Shaped[Tensor, "examples dims"]) -> Nats:
        """-log p of every dimension by every model."""
        raise NotImplementedError

    def scores(self, x: Shaped[Tensor, "examples dims"], nats: Nats | None = None) -> Scores:
        """Every score of coded examples (of text: windows as long as the context, from an empty one)."""
        raise NotImplementedError
