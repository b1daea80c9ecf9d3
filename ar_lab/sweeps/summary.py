"""Summary: the answer of a sweep, from its records: ranked configurations, their intervals, and all pairs compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from ar_lab.evaluation.resampling import Comparison, Estimate, compare, estimate, holm, split_means
from ar_lab.sweeps.labels import label, varying
from ar_lab.sweeps.overfitting import RULE, rise_of, verdict
from ar_lab.sweeps.records import METRIC, Record
from ar_lab.sweeps.wording import caveat, estimand, notes

STATES = ("done", "failed", "killed", "interrupted", "pruned", "running", "pending")


def summarize(records: Sequence[Record], sweep: Path, skipped: int = 0) -> dict[str, Any]:
    """What summary.json holds. `skipped` jobs were done before this invocation; paths are relative to `sweep`."""
    resampled = len({record.split for record in records}) > 1
    keys = varying(records)
    groups = [(_configuration(group, keys, resampled, sweep), group) for group in _replicates(records)]
    groups.sort(key=lambda each: _order(*each))
    configurations = [configuration for configuration, _ in groups]
    for rank, configuration in enumerate((c for c in configurations if c["folds"]), start=1):
        configuration["rank"] = rank
    comparisons = _comparisons({c["rank"]: finished(group) for c, group in groups if c["rank"]}, resampled)
    return {
        "metric": records[0].metric if records else METRIC,
        "jobs": _jobs(records) | {"skipped": skipped},
        "configurations": configurations,
        "comparisons": comparisons,
        "unfinished": [_unfinished(record, keys, sweep) for record in records if record.status != "done"],
        "estimand": estimand(records, resampled),
        "caveat": caveat(resampled),
        "overfitting_rule": RULE,
        "notes": notes(records, configurations, comparisons),
    }


def finished(records: Sequence[Record]) -> list[Record]:
    """Those with a held-out figure."""
    return [record for record in records if record.figure is not None]


def _replicates(records: Sequence[Record]) -> list[list[Record]]:
    """The records of each configuration, one a split and seed: `cv.fold=all,1` has a fold in two jobs."""
    groups: dict[str, dict[Any, Record]] = {}
    for record in records:
        group, replicate = groups.setdefault(record.configuration, {}), (record.split, record.seed)
        if group.setdefault(replicate, record).figure is None and record.figure is not None:
            group[replicate] = record
    return [list(group.values()) for group in groups.values()]


def _order(configuration: dict[str, Any], group: list[Record]) -> tuple[bool, bool, float]:
    """By mean; what an optimizer of hyperparameters gave up, and then what has no figure, come last."""
    mean = configuration["mean"]
    return mean is None, any(record.status == "pruned" for record in group), mean or 0.0


def _jobs(records: Sequence[Record]) -> dict[str, int]:
    """How many jobs are in which state; a job with folds inside is done when they all are."""
    of_job: dict[str, str] = {}
    for record in records:
        if of_job.get(record.id, "done") == "done":
            of_job[record.id] = record.status
    counts = Counter(of_job.values())
    return {"total": len(of_job), **{state: counts[state] for state in STATES}}


def _configuration(group: list[Record], keys: Sequence[str], resampled: bool, sweep: Path) -> dict[str, Any]:
    done = finished(group)
    with_gap = [record for record in done if record.gap is not None]
    gap = _estimate(with_gap, [record.gap for record in with_gap], resampled)
    rises = split_means([rise_of(record) for record in with_gap], _splits(with_gap, resampled)).tolist()
    seconds = [record.seconds for record in group if record.seconds is not None]
    return {
        "rank": None,
        "overrides": label(group[0], keys),
        "folds": len(set(_splits(done, resampled))),
        "folds_expected": len(set(_splits(group, resampled))),
        **asdict(_estimate(done, [record.figure for record in done], resampled)),
        "gap": gap.mean,
        "gap_ci95": gap.ci95,
        "overfitting": verdict(gap.mean, gap.ci95, rises),
        "seconds": sum(seconds) if seconds else None,
        "parameters": next((record.parameters for record in group if record.parameters is not None), None),
        "figures": [_figure(record, sweep) for record in group],
    }


def _figure(record: Record, sweep: Path) -> dict[str, Any]:
    fields = ("fold", "repeat", "seed", "figure", "se", "train", "status")
    return {field: getattr(record, field) for field in fields} | {"path": relative(record.path, sweep)}


def _unfinished(record: Record, keys: Sequence[str], sweep: Path) -> dict[str, Any]:
    fields = ("id", "fold", "repeat", "seed", "status", "error")
    described = {field: getattr(record, field) for field in fields}
    return {"overrides": label(record, keys), **described, "path": relative(record.path, sweep)}


def relative(path: Path, sweep: Path) -> str:
    return path.relative_to(sweep).as_posix()


def _estimate(records: list[Record], figures: list[float], resampled: bool) -> Estimate:
    return estimate(figures, _splits(records, resampled), _test_to_train(records, resampled))


def _splits(records: list[Record], resampled: bool) -> list[tuple[int | None, ...]]:
    """Seeds are replicates of their split; where there is one split alone, each is a draw of its own."""
    return [record.split if resampled else (record.seed,) for record in records]


def _test_to_train(records: list[Record], resampled: bool) -> float | None:
    if not resampled:
        return 0.0
    if not records or any(record.n_test is None or not record.n_train for record in records):
        return None
    return sum(record.n_test / record.n_train for record in records) / len(records)


def _comparisons(ranked: dict[int, list[Record]], resampled: bool) -> list[dict[str, Any]]:
    """All pairs by rank; a positive difference says that the first is better."""
    pairs = list(combinations(ranked, 2))
    found = [_compare(ranked[first], ranked[second], resampled) for first, second in pairs]
    adjusted = holm([comparison.p for comparison, _ in found])
    return [
        {"first": first, "second": second, **asdict(comparison), "p_holm": p_holm, "folds": folds}
        for (first, second), (comparison, folds), p_holm in zip(pairs, found, adjusted, strict=True)
    ]


def _compare(first: list[Record], second: list[Record], resampled: bool) -> tuple[Comparison, int]:
    """Second minus first over what both have: the same held-out examples and seed.

    Of two training parts the smaller one sets n_train, for it makes the wider interval.
    """
    ours, theirs = (
        {(*record.split, record.seed, record.held_out): record for record in side if record.held_out is not None}
        for side in (first, second)
    )
    pairs = [(ours[key], theirs[key]) for key in ours if key in theirs]
    differences = [their.figure - our.figure for our, their in pairs]
    smaller = [min(pair, key=lambda record: record.n_train or 0) for pair in pairs]
    splits = _splits(smaller, resampled)
    return compare(differences, splits, _test_to_train(smaller, resampled)), len(set(splits))
