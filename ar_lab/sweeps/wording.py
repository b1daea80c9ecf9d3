"""Wording: what the numbers of a summary estimate, what they cannot say, and what is unusual about this sweep."""

from collections.abc import Sequence
from typing import Any

from ar_lab.sweeps.records import METRIC, Record

BENGIO = "no unbiased estimate of the variance of cross-validation exists (Bengio and Grandvalet, 2004)"


def estimand(records: Sequence[Record], resampled: bool) -> str:
    """What a configuration's mean is the estimate of."""
    sizes = [record.n_train for record in records if record.n_train is not None]
    metric = records[0].metric if records else METRIC
    size = f" (n = {round(sum(sizes) / len(sizes)):,})" if sizes else ""
    if resampled:
        return (
            f"mean: estimates the expected held-out figure ({metric}) of the learning procedure over training sets of "
            f"this size{size}, not that of one trained model."
        )
    return (
        f"mean: estimates the expected held-out figure ({metric}) on this one split{size} over the randomness of "
        "training (seeds) alone; how much another split would change it is not known (cv=kfold tells)."
    )


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
    found = []
    commits = sorted({record.commit[:10] for record in records if record.commit})
    if len(commits) > 1:
        found.append(f"the jobs ran under {len(commits)} commits of the code: {', '.join(commits)}")
    short = [c for c in configurations if 0 < c["folds"] < c["folds_expected"]]
    if short:
        missing = ", ".join(f"{' '.join(c['overrides'])} {c['folds']}/{c['folds_expected']}" for c in short)
        found.append(f"means that lack folds ({missing}) do not compare as they stand; the paired differences do")
    if uneven := [c for c in configurations if c["folds"] == c["folds_expected"] and _count(c) < len(c["figures"])]:
        missing = ", ".join(f"{' '.join(c['overrides'])} {_count(c)}/{len(c['figures'])}" for c in uneven)
        found.append(f"folds that lack seeds ({missing} trainings) count as much as the others")
    if apart := sum(not pair["folds"] for pair in comparisons):
        found.append(f"{apart} of {len(comparisons)} pairs have no figures over the same held-out examples to compare")
    if sum(c["rank"] is not None for c in configurations) > 1:
        found.append("the first of a ranking was chosen by these figures, and its mean flatters it a little for that")
    return found


def _count(configuration: dict[str, Any]) -> int:
    """How many of a configuration's trainings have a figure."""
    return sum(figure["figure"] is not None for figure in configuration["figures"])
