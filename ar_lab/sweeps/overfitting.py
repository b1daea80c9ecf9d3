"""Overfitting: a verdict on one configuration from its gaps and validation curves."""

from collections.abc import Sequence

from ar_lab.sweeps.records import Record

RULE = (
    "overfitting: no, when the 95 % interval of the gap (held-out minus train) is not above zero; mild, when it is; "
    "yes, when, besides, in at least half of the folds the validation curve ended above its best by more than a tenth "
    "of the gap; - when unknown (fewer than 2 folds)."
)
TURN = 0.1  # of the gap


def verdict(gap: float | None, ci95: list[float] | None, records: Sequence[Record]) -> str | None:
    """The verdict of RULE; None when there is no interval."""
    if gap is None or ci95 is None:
        return None
    if ci95[0] <= 0:
        return "no"
    turned = sum(_rise(record) > TURN * gap for record in records)
    return "yes" if 2 * turned >= len(records) else "mild"


def _rise(record: Record) -> float:
    """How far the validation curve ended above its best; 0 where nothing was validated."""
    if record.validation_best is None or record.validation_last is None:
        return 0.0
    return record.validation_last - record.validation_best
