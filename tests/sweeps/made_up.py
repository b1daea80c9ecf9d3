"""Records of a sweep that never ran: two models, five folds, figures that a test can compute with."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ar_lab.sweeps.records import Record

FOLDS = 5
N_TRAIN, N_TEST = 1150, 287
SWEEP = Path("/sweep")


def record(model: str, fold: int | None, figure: float | None, sweep: Path = SWEEP, **fields) -> Record:
    """One training; without a figure it is pending."""
    shown = "none" if fold is None else str(fold)
    of_a_done_one = {"figure": figure, "se": 0.01, "train": None if figure is None else figure - 0.02}
    defaults = {
        "id": f"{model}{shown}{fields.get('repeat', 0)}{fields.get('seed', 0)}",
        "overrides": ("data=digits", f"model={model}", f"cv.fold={shown}"),
        "configuration": model,
        "name": f"model={model} data=digits",
        "repeat": 0,
        "seed": 0,
        "status": "pending" if figure is None else "done",
        "seconds": 2.0,
        "n_train": N_TRAIN,
        "n_test": N_TEST,
        "held_out": f"part {shown} of draw {fields.get('repeat', 0)}",
        **of_a_done_one,
        **fields,
    }
    return Record(path=sweep / defaults["id"], fold=fold, **defaults)


def figures(model: str) -> list[float]:
    """Five held-out figures: easy folds are easy for both models."""
    shared = np.random.default_rng(0).normal(size=FOLDS)
    own = np.random.default_rng(len(model)).normal(size=FOLDS)
    return [float(f) for f in {"rnn": 1.2, "cnn2": 1.3}[model] + 0.05 * shared + 0.01 * own]


def two_models(sweep: Path = SWEEP) -> list[Record]:
    return [record(m, fold, figure, sweep) for m in ("rnn", "cnn2") for fold, figure in enumerate(figures(m))]


def ended(records: list[Record], index: int, status: str, error: str | None = None) -> list[Record]:
    """The same sweep, one of whose jobs ended without a figure."""
    lost = replace(records[index], status=status, error=error, figure=None, se=None, train=None)
    return [*records[:index], lost, *records[index + 1 :]]
