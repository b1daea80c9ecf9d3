"""Overfitting: a verdict on a configuration, or on one run, from gaps and validation curves."""

from collections.abc import Sequence
from math import hypot
from typing import Any

from ar_lab.sweeps.records import Record

RULE = (
    "overfitting: no, when the 95 % interval of the gap (held-out minus train) is not above zero; mild, when it is; "
    "yes, when, besides, in at least half of the folds the validation curve ended above its best by more than a tenth "
    "of the gap; - when unknown (fewer than 2 folds)."
)
TURN = 0.1  # of the gap
NORMAL_95 = 1.959964  # standard errors on either side


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


def of_one_run(metrics: dict[str, Any], validation: Sequence[float]) -> dict[str, Any]:
    """`overfitting`, `gap` and `gap_se` of a run by the same rule, from its figures and its validation curve.

    The gap is test minus train, whose examples are independent of one another, so that its error is of both; there are
    no folds, and the interval is that over examples (of text, over blocks).
    """
    (test, test_se), (train, train_se) = (
        (metrics[f"{part}/nats_per_dim"], metrics[f"{part}/nats_per_dim_se"]) for part in ("test", "train")
    )
    gap = test - train
    if test_se is None or train_se is None:
        return {"overfitting": None, "gap": gap, "gap_se": None}
    se = hypot(test_se, train_se)
    rise = validation[-1] - min(validation) if validation else 0.0
    found = verdict(gap, [gap - NORMAL_95 * se, gap + NORMAL_95 * se], [rise])
    return {"overfitting": found, "gap": gap, "gap_se": se}
