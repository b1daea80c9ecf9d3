"""Splits: three disjoint parts of the raw objects, decided by the data's own seed and never by the training's."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, Shaped

from ar_lab.errors import ConfigError, DataError

ROUNDING = 1e-6  # (1 - 0.9) * 10 is 0.9999999999999998 in floating point


@dataclass(frozen=True)
class Split:
    """Indices of the training, validation and test part."""

    train: Int64[np.ndarray, " train"]
    validation: Int64[np.ndarray, " validation"]
    test: Int64[np.ndarray, " test"]

    @property
    def digest(self) -> str:
        return digest(self.train, self.validation, self.test)

    def of(self, values: Shaped[np.ndarray, " count"]) -> dict[str, Shaped[np.ndarray, " _"]]:
        """What every part has of something that is known of every example."""
        return {name: values[getattr(self, name)] for name in ("train", "validation", "test")}

    @property
    def held_out(self) -> dict[str, str]:
        """sha256 of either held-out part alone, by its name."""
        return {"validation": digest(self.validation), "test": digest(self.test)}


def digest(*parts: Int64[np.ndarray, " _"]) -> str:
    """sha256 of what the parts are, their order included: the same on every machine."""
    total = hashlib.sha256()
    for part in parts:
        total.update(np.append(len(part), part).astype("<i8"))
    return total.hexdigest()


def shuffled(
    count: int,
    *,
    test: float = 0.0,
    validation: float,
    fraction: float,
    seed: int,
    labels: Shaped[np.ndarray, " count"] | None = None,
    groups: Shaped[np.ndarray, " count"] | None = None,
) -> Split:
    """Parts drawn by a seeded permutation: the test part first, validation from the rest, training the remainder.

    With labels every part holds its share of each, up to one example. With groups, whatever the labels, no group is in
    two parts, whose sizes come as near to their shares as whole groups in random order allow. `fraction` keeps the
    beginning of the training part, whose order is random, so that a smaller fraction is a subset of a larger one.

    Raises:
        ConfigError: for a share outside its bounds.
        DataError: when nothing is left to train on.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(count)
    if groups is not None:
        return _grouped(rng, order, groups, test=test, validation=validation, fraction=fraction)
    labels = np.zeros(count) if labels is None else labels
    rest, tested = _draw(order, labels, held_out("test", test, count))
    train, validated = _draw(rest, labels, held_out("validation", validation, len(rest)))
    used = kept(len(train), fraction, count, validation=validation, test=test)
    return Split(train[:used], validated, tested)


def contiguous(count: int, *, test: float, validation: float, fraction: float) -> tuple[slice, slice, slice]:
    """Training, validation and test part as blocks in this order: test is the end, validation what precedes it.

    No window then overlaps a held-out part. `fraction` keeps the beginning of the training block.

    Raises:
        ConfigError: for a share outside its bounds.
        DataError: when nothing is left to train on.
    """
    tested = count - held_out("test", test, count)
    validated = tested - held_out("validation", validation, tested)
    used = kept(validated, fraction, count, validation=validation, test=test)
    return slice(used), slice(validated, tested), slice(tested, count)


def held_out(name: str, share: float, count: int) -> int:
    """How many a share of `count` is: all but int((1 - share) * count), so at least one unless the share is 0."""
    if not 0 <= share < 1:
        raise ConfigError(f"data.{name}={share}: must be at least 0 and less than 1")
    return count - int((1 - share) * count + ROUNDING)


def kept(train: int, fraction: float, count: int, **shares: float) -> int:
    """How many of the training part a fraction keeps; `shares` are of the parts held out of `count` before."""
    if not 0 < fraction <= 1:
        raise ConfigError(f"data.fraction={fraction}: must be greater than 0 and at most 1")
    if not train:
        raise _untrainable(count, "example", shares)
    return max(1, int(fraction * train + ROUNDING))


def _untrainable(count: int, unit: str, shares: dict[str, float]) -> DataError:
    parts = ["training", *(name for name, share in shares.items() if share)]
    if count >= len(parts):
        return DataError(
            f"held-out parts of {count} {unit}s leave none to train on: lower data.validation or data.test"
        )
    counted = f"1 {unit} is" if count == 1 else f"{count} {unit}s are"
    named = " and ".join(", ".join(parts).rsplit(", ", 1))
    return DataError(f"{counted} too few for a {named} part: give more")


def _draw(
    order: Int64[np.ndarray, " count"], labels: Shaped[np.ndarray, " all"], size: int
) -> tuple[Int64[np.ndarray, " rest"], Int64[np.ndarray, " drawn"]]:
    """Takes `size` of a random order, evenly spaced once it is sorted by label; both results stay in random order."""
    by_label = np.argsort(labels[order], kind="stable")
    spaced = (np.arange(size) * len(order) + len(order) // 2) // max(size, 1)
    drawn = np.zeros(len(order), dtype=bool)
    drawn[by_label[spaced]] = True
    return order[~drawn], order[drawn]


def _grouped(
    rng: np.random.Generator,
    order: Int64[np.ndarray, " count"],
    groups: Shaped[np.ndarray, " count"],
    *,
    test: float,
    validation: float,
    fraction: float,
) -> Split:
    """The split of `shuffled` by whole groups."""
    names, group_of = np.unique(groups, return_inverse=True)
    if len(names) < 1 + (test > 0) + (validation > 0):
        raise _untrainable(len(names), "group", {"validation": validation, "test": test})
    sizes, waiting = np.bincount(group_of), rng.permutation(len(names))
    tested = _nearest(sizes[waiting], held_out("test", test, len(order)), leave=1 + (validation > 0))
    rest = int(sizes[waiting[tested:]].sum())
    validated = tested + _nearest(sizes[waiting[tested:]], held_out("validation", validation, rest), leave=1)
    parts = waiting[validated:], waiting[tested:validated], waiting[:tested]
    train, *others = (order[np.isin(group_of[order], part)] for part in parts)
    return Split(train[: kept(len(train), fraction, len(order))], *others)


def _nearest(sizes: Int64[np.ndarray, " groups"], size: int, leave: int) -> int:
    """How many of the first groups come nearest to `size` together: one at least, unless the size is 0."""
    return 1 + int(np.abs(sizes[:-leave].cumsum() - size).argmin()) if size else 0
