"""data.only: a dataset without some of its labels, which are then outliers that no part has seen."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Shaped

from ar_lab.errors import ConfigError, did_you_mean

Only = list[str | int] | None  # the labels that are kept; None: all


def having(
    labels: Shaped[np.ndarray, " count"] | None, only: list[str | int], where: str, names: Sequence[str] = ()
) -> Bool[np.ndarray, " count"]:
    """Which examples have one of the labels `only`, each given as it is, or by its name, as `names` numbers them.

    Raises:
        ConfigError: when there are no labels, none of that name, or when no example would be left out.
    """
    if labels is None:
        raise ConfigError(f"data.only={shown(only)}: {where} has no labels; use null")
    there = np.unique(labels)
    words = {str(label): label for label in there} | {names[label]: label for label in there if names}
    for label in map(str, only):
        if label not in words:
            known = ", ".join(list(words)[-12:])
            raise ConfigError(
                f"data.only={shown(only)}: no label {label}; there are {known}{did_you_mean(label, words)}"
            )
    mask = np.isin(labels, [words[str(label)] for label in only])
    if mask.all():
        raise ConfigError(f"data.only={shown(only)}: are all labels of {where}, nothing is left out; use null")
    return mask


def only_notes(only: Only) -> list[str]:
    """What a reader of the figures must know."""
    return [] if only is None else [f"data.only={shown(only)}: examples with other labels are in no part"]


def shown(only: list[str | int]) -> str:
    """As it would stand on the command line."""
    return f"[{','.join(map(str, only))}]"
