"""Labels that examples are conditioned on: their names, and each part's as codes."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from ar_lab.errors import DataError


def classes(labels: Shaped[np.ndarray, " count"] | None, where: str) -> tuple[str, ...]:
    """The names of the classes that occur, in order.

    Raises:
        DataError: when there are no labels, or they are all the same.
    """
    if labels is None:
        raise DataError(f"data.condition=true: {where} has no labels; leave it out, or give an .npz with `labels`")
    names = tuple(str(name) for name in np.unique(labels))
    if len(names) < 2:
        raise DataError(f"data.condition=true: all images of {where} have the label {names[0]}; give two or more")
    return names


def coded(parts: Mapping[str, Shaped[np.ndarray, " _"]], names: tuple[str, ...]) -> dict[str, Int64[Tensor, " _"]]:
    """Every part's labels as places in `names`."""
    places = {name: place for place, name in enumerate(names)}
    return {part: torch.tensor([places[str(label)] for label in labels]).long() for part, labels in parts.items()}
