"""Folds: the parts of one round of cross-validation, decided by its own seed and never by the training's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from ar_lab.data.splits import Split, shuffled
from ar_lab.errors import ConfigError


@dataclass(frozen=True)
class Fold:
    """The held-out part `number` of `folds`, both counted from 0; every `repeat` draws all folds anew."""

    number: int
    folds: int
    repeat: int = 0
    seed: int = 0

    @classmethod
    def of(cls, cv: dict[str, Any]) -> "Fold | None":
        """The fold that a config's `cv` names; None without cross-validation."""
        return None if cv["folds"] is None else cls(cv["fold"], cv["folds"], cv["repeat"], cv["seed"])

    def drawing(self, *which: int) -> int:
        """A seed below 2^32 for all folds of this repeat, or for `which` of them: neighbors have nothing in common."""
        return int(np.random.SeedSequence([self.seed, self.repeat], spawn_key=which).generate_state(1)[0])


def fold_notes(fold: Fold | None) -> list[str]:
    """What a reader of a fold's figures must know."""
    if fold is None:
        return []
    which = f"fold {fold.number} of {fold.folds} (repeat {fold.repeat})"
    return [f"test: {which}, held out; the data's own test part is left out"]


def drawn(
    fold: Fold | None,
    count: int,
    *,
    test: float = 0.0,
    validation: float,
    fraction: float,
    seed: int,
    labels: Shaped[np.ndarray, " count"] | None = None,
    groups: Shaped[np.ndarray, " count"] | None = None,
) -> Split:
    """The parts of `count` examples: without a fold as `shuffled` draws them, else those of the fold.

    A fold is held out of the pool, which is all but the test part that `test` and `seed` decide. `validation` is a
    share of the rest, and `fraction` shortens what remains for training; both are drawn by the fold's own seed.

    Raises:
        ConfigError: for more folds than there are examples or groups, or a share outside its bounds.
        DataError: when nothing is left to train on.
    """
    if fold is None:
        shares = {"test": test, "validation": validation, "fraction": fraction, "seed": seed}
        return shuffled(count, **shares, labels=labels, groups=groups)
    untested = shuffled(count, test=test, validation=0.0, fraction=1.0, seed=seed, labels=labels, groups=groups)
    pool = np.sort(untested.train)
    rest, held_out = _cut(fold, len(pool), _of(labels, pool), _of(groups, pool))
    rest, held_out = pool[rest], pool[held_out]
    inner = shuffled(
        len(rest),
        validation=validation,
        fraction=fraction,
        seed=fold.drawing(fold.number),
        labels=_of(labels, rest),
        groups=_of(groups, rest),
    )
    return Split(rest[inner.train], rest[inner.validation], held_out)


def _of(
    values: Shaped[np.ndarray, " all"] | None, indices: Int64[np.ndarray, " some"]
) -> Shaped[np.ndarray, " some"] | None:
    return None if values is None else values[indices]


def _cut(
    fold: Fold, count: int, labels: Shaped[np.ndarray, " count"] | None, groups: Shaped[np.ndarray, " count"] | None
) -> tuple[Int64[np.ndarray, " rest"], Int64[np.ndarray, " held_out"]]:
    """The pool without the fold, and the fold: whole groups where there are any, else a share of every label."""
    if groups is not None:
        groups = _numbered(groups)
        splitter, classes = GroupKFold, None
        _check_enough(fold, len(np.unique(groups)), "groups")
    else:
        splitter, classes = (KFold, None) if labels is None else (StratifiedKFold, _stratifiable(labels, fold.folds))
        _check_enough(fold, count, "examples")
    cuts = splitter(fold.folds, shuffle=True, random_state=fold.drawing()).split(np.empty(count), classes, groups)
    return list(cuts)[fold.number]


def _numbered(values: Shaped[np.ndarray, " count"]) -> Int64[np.ndarray, " count"]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _stratifiable(labels: Shaped[np.ndarray, " count"], folds: int) -> Int64[np.ndarray, " count"]:
    """Labels as numbers; one with fewer members than folds cannot be in each of them, and counts as the commonest."""
    numbers = _numbered(labels)
    members = np.bincount(numbers)
    return np.where(members[numbers] < folds, members.argmax(), numbers)


def _check_enough(fold: Fold, count: int, what: str) -> None:
    if count < fold.folds:
        raise ConfigError(
            f"cv.folds={fold.folds}: there are {count} {what} to share out among the folds; use at most {count}"
        )
