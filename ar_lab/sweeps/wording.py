"""Wording: what the numbers of a summary estimate, what they cannot say, and what is unusual about this sweep."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean
from typing import Any

from ar_lab.sweeps.records import METRIC, Record

BENGIO = "no unbiased estimate of the variance of cross-validation exists (Bengio and Grandvalet, 2004)"


def estimand(records: Sequence[Record], resampled: bool) -> str:
    """What a configuration's mean is the estimate of."""
    metric = records[0].metric if records else METRIC
    size = _size(records)
    if resampled:
        return (
            f"mean: estimates the expected held-out figure ({metric}) of the learning procedure over training sets of "
            f"this size{size}, not that of one trained model."
        )
    return (
        f"mean: estimates the expected held-out figure ({metric}) on this one split{size} over the randomness of "
        "training (seeds) alone; how much another split would change it is not known (cv=kfold tells)."
    )


def _size(records: Sequence[Record]) -> str:
    """How much a training was given, and how much of that went to choosing its checkpoint."""
    given = [(record.n_train, record.n_validation or 0) for record in records if record.n_train is not None]
    if not given:
        return ""
    total, validation = (round(sum(sizes) / len(given)) for sizes in zip(*given, strict=True))
    part = f", of which {validation:,} to choose the checkpoint by" if validation else ""
    return f" (n = {total:,}{part})"


def caveat(resampled: bool) -> str:
    """What standard error and interval take for granted."""
    if resampled:
        return (
            "± is std/√folds over the folds' means (several seeds of a fold are averaged first), as if folds were "
            "independent. The 95 % intervals and p are by the corrected resampled t (Nadeau and Bengio, 2003; variance "
            "factor 1/J + n_test/n_train), which allows for shared training examples and stays approximate: "
            f"{BENGIO}."
        )
    return (
        "± is std/√seeds, and the 95 % intervals and p are Student's t over seeds: variation of training alone, "
        f"without that of the data; across folds {BENGIO}."
    )


def notes(
    records: Sequence[Record], configurations: Sequence[dict[str, Any]], comparisons: Sequence[dict[str, Any]]
) -> list[str]:
    """What a reader must know before the ranks are believed."""
    found = _certified(records)
    commits = sorted({record.commit[:10] for record in records if record.commit})
    if len(commits) > 1:
        found.append(f"the jobs ran under {len(commits)} commits of the code: {', '.join(commits)}")
    if last := sum(record.of_last_weights for record in records):
        found.append(f"learner.select=last: the figures of {last} of {len(records)} trainings are of the last weights")
    short = [c for c in configurations if 0 < c["folds"] < c["folds_expected"]]
    if short:
        missing = ", ".join(f"{' '.join(c['overrides'])} {c['folds']}/{c['folds_expected']}" for c in short)
        found.append(f"means that lack folds ({missing}) do not compare as they stand; the paired differences do")
    if uneven := [c for c in configurations if c["folds"] == c["folds_expected"] and _count(c) < len(c["figures"])]:
        missing = ", ".join(f"{' '.join(c['overrides'])} {_count(c)}/{len(c['figures'])}" for c in uneven)
        found.append(f"folds that lack seeds ({missing} trainings) count as much as the others")
    if spread := _spread_of_seeds(records):
        found.append(f"seeds of one fold differ by {spread:.4f} (standard deviation); ± is of their means")
    if len(data := sorted({record.name.rpartition("data=")[2] for record in records})) > 1:
        found.append(f"figures of different data ({', '.join(data)}) do not compare, nor do ranks across them")
    if apart := sum(not pair["folds"] for pair in comparisons):
        found.append(f"{apart} of {len(comparisons)} pairs have no figures over the same held-out examples to compare")
    if sum(c["rank"] is not None for c in configurations) > 1:
        found.append("the first of a ranking was chosen by these figures, and its mean flatters it a little for that")
    return found


def _certified(records: Sequence[Record]) -> list[str]:
    """How many trainings have a certificate; nothing where none was asked for one."""
    holds = [record.certified for record in records if record.certified is not None]
    if not holds:
        return []
    refused = f", NOT CERTIFIED: {holds.count(False)}" if False in holds else ""
    return [f"certified: {holds.count(True)} of {len(records)} trainings{refused}"]


def _spread_of_seeds(records: Sequence[Record]) -> float | None:
    """The pooled standard deviation between the seeds of one fold; None where no fold has several."""
    groups: dict[Any, list[float]] = {}
    for record in records:
        if record.figure is not None and record.fold is not None:
            groups.setdefault((record.configuration, *record.split), []).append(record.figure)
    several = [figures for figures in groups.values() if len(figures) > 1]
    if not several:
        return None
    squares = sum((figure - fmean(figures)) ** 2 for figures in several for figure in figures)
    return sqrt(squares / sum(len(figures) - 1 for figures in several))


def _count(configuration: dict[str, Any]) -> int:
    """How many of a configuration's trainings have a figure."""
    return sum(figure["figure"] is not None for figure in configuration["figures"])
