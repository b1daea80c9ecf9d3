"""Overfitting: a verdict on one configuration from its gaps and validation curves."""

from collections.abc import Sequence

from ar_lab.sweeps.records import Record

RULE = (
    "overfitting: no, when the 95 % interval of the gap (held-out minus train) is not above zero; mild, when it is; "
    "yes, when, besides, in at least half of the folds the validation curve ended above its best by more than a tenth "
    "of the gap; - when unknown (fewer than 2 folds)."
)
TURN = 0.1  # of the gap


def verdict(gap: float | None, ci95: list[float] | None, rises: Sequence[float]) -> str | None:
    """The verdict of RULE, from the rise in every fold; None when there is no interval."""
    if gap is None or ci95 is None:
        return None
    if ci95[0] <= 0:
        return "no"
    turned = sum(rise > TURN * gap for rise in rises)
    return "yes" if 2 * turned >= len(rises) else "mild"


def rise_of(record: Record) -> float:
    """How far the validation curve ended above its best; 0 where nothing was validated."""
    if record.validation_best is None or record.validation_last is None:
        return 0.0
    return record.validation_last - record.validation_best
