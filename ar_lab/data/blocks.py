"""Blocks: the parts of a text, whose neighbors depend on each other, so that it is cut and never shuffled."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from ar_lab.data.folds import Fold
from ar_lab.data.splits import contiguous, digest, held_out, kept
from ar_lab.errors import ConfigError, DataError

Stretches = list[range]  # of a text's symbols, in the order in which they follow each other in a part


@dataclass(frozen=True)
class Blocks:
    """The stretches of text that each part consists of."""

    train: Stretches
    validation: Stretches
    test: Stretches

    @property
    def seams(self) -> dict[str, list[int]]:
        """Where in each part that has several stretches another one begins."""
        return {name: [*accumulate(map(len, part))][:-1] for name, part in vars(self).items() if len(part) > 1}

    @property
    def digest(self) -> str:
        """sha256 of the borders."""
        return _digest(self.train, self.validation, self.test)

    @property
    def held_out(self) -> dict[str, str]:
        """sha256 of the borders of either held-out part alone, by its name."""
        return {"validation": _digest(self.validation), "test": _digest(self.test)}


def _digest(*parts: Stretches) -> str:
    return digest(*(np.array([(s.start, s.stop) for s in part], dtype=np.int64).flatten() for part in parts))


def blocks(fold: Fold | None, count: int, *, test: float, validation: float, fraction: float, context: int) -> Blocks:
    """The parts of `count` symbols: without a fold as `contiguous` cuts them, else those of the fold.

    The pool, all that precedes the test part, is cut into equal blocks, one of which is the fold. Text cannot be drawn
    in random order: a further repeat moves all cuts by a part of a block that its seed decides, and the block that then
    passes the pool's end goes on at its beginning. Validation is one run of the rest, from a place that the seed
    decides. Between any two parts `context` symbols are left out, so that no window of one touches another.

    Raises:
        ConfigError: for more folds than symbols, or a share outside its bounds.
        DataError: when nothing is left to train on.
    """
    shares = {"validation": validation, "fraction": fraction}
    if fold is None:
        return Blocks(*([range(count)[part]] for part in contiguous(count, test=test, **shares)))
    pool = contiguous(count, test=test, validation=0.0, fraction=1.0)[0].stop
    if pool < fold.folds:
        raise ConfigError(f"cv.folds={fold.folds}: there are {pool} symbols to share out; use at most {pool}")
    tested = _block(fold, pool)
    rest = _without([range(pool)], tested, context)
    validated = _some_run(rest, held_out("validation", validation, _total(rest)), fold)
    train = [stretch for stretch in _without(rest, validated, context) if len(stretch) >= context]
    if not train:
        raise DataError(
            f"fold {fold.number} of {fold.folds} leaves nowhere {context:,} symbols in a row to train on: "
            "lower data.context, cv.folds or data.validation, or give more text"
        )
    return Blocks(_run(train, 0, kept(_total(train), **shares, count=pool)), validated, tested)


def _block(fold: Fold, pool: int) -> Stretches:
    """The held-out one of equal blocks from the pool's beginning, or moved, so that the last one passes its end."""
    size = pool // fold.folds
    moved = int(np.random.default_rng(fold.drawing()).integers(1, size)) if fold.repeat and size > 1 else 0
    start, stop = (moved + pool * number // fold.folds for number in (fold.number, fold.number + 1))
    return [range(start, stop)] if stop <= pool else [range(start, pool), range(stop - pool)]


def _without(stretches: Stretches, removed: Stretches, gap: int) -> Stretches:
    """What is left of the stretches when others go, with `gap` symbols on either side of each."""
    for gone in removed:
        before = (range(s.start, min(s.stop, gone.start - gap)) for s in stretches)
        after = (range(max(s.start, gone.stop + gap), s.stop) for s in stretches)
        stretches = [left for pair in zip(before, after, strict=True) for left in pair if left]
    return stretches


def _some_run(stretches: Stretches, size: int, fold: Fold) -> Stretches:
    """`size` symbols in a row from a random place: within one stretch if any is so long, else over several."""
    if not size:
        return []
    ends = [0, *accumulate(map(len, stretches))]
    places = [range(start, stop - size + 1) for start, stop in pairwise(ends)]
    places = [some for some in places if some] or [range(ends[-1] - size + 1)]
    drawn = np.random.default_rng(fold.drawing(fold.number)).integers(_total(places))
    return _run(stretches, _run(places, int(drawn), 1)[0].start, size)


def _run(stretches: Stretches, skipped: int, size: int) -> Stretches:
    """`size` symbols in a row after the first `skipped`."""
    found = []
    for stretch in stretches:
        some = stretch[skipped : skipped + size]
        skipped, size = max(0, skipped - len(stretch)), size - len(some)
        found += [some] if some else []
    return found


def _total(stretches: Stretches) -> int:
    return sum(map(len, stretches))
