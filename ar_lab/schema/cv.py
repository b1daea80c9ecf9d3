"""What every key of cross-validation may be, and which fold there is."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ar_lab.schema.types import Count, Natural, Section, Seed

# What the other keys are without cross-validation, where they would change nothing but the name of the job.
WITHOUT_FOLDS = {"fold": None, "repeats": 1, "repeat": 0, "seed": 0}


def _fold(value: Any) -> Any:
    if value is None or value == "all" or (type(value) is int and value >= 0):
        return value
    raise ValueError("must be the number of a fold (0, 1, …), all, or null")


class CV(Section):
    folds: Annotated[int, Field(ge=2)] | None
    fold: Annotated[Any, AfterValidator(_fold)]
    repeats: Count
    repeat: Natural
    seed: Seed


def fold_conflicts(config: dict[str, Any]) -> Iterator[str]:
    """One line for what names a fold or a repeat that the cross-validation of a checked config does not have."""
    cv = config["cv"]
    folds, fold = cv["folds"], cv["fold"]
    if folds is None:
        yield from (f"cv.{key}={cv[key]}: needs cv=kfold" for key, plain in WITHOUT_FOLDS.items() if cv[key] != plain)
        return
    if fold is None:
        yield f"cv.fold=null with cv.folds={folds}: use one of 0..{folds - 1}, or all"
    elif fold != "all" and fold >= folds:
        yield f"cv.fold={fold} with cv.folds={folds}: fold counts from 0, so use 0..{folds - 1}"
    if cv["repeat"] >= cv["repeats"]:
        yield (
            f"cv.repeat={cv['repeat']} with cv.repeats={cv['repeats']}: repeat counts from 0, "
            f"so use 0..{cv['repeats'] - 1}, or more cv.repeats"
        )
