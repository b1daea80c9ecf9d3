"""task=score: how well a trained model tells anomalies from its own test part, by several scores."""

import csv
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from ar_lab import runs
from ar_lab.data.parts import Parts
from ar_lab.evaluation.anomaly.detection import detection
from ar_lab.evaluation.anomaly.scores import group_typicality
from ar_lab.report.anomalies.table import print_detections
from ar_lab.report.found import show_found
from ar_lab.restore import restore
from ar_lab.tasks.alarm import alarm
from ar_lab.tasks.anomaly import Scorer, Scores
from ar_lab.tasks.extremes import save_extremes
from ar_lab.tasks.loading import parts_of
from ar_lab.tasks.outliers import Dataset, datasets

TEST = "test"


class Scored(NamedTuple):
    """A dataset, and every score of its examples."""

    dataset: Dataset
    scores: Scores


def score(config: dict[str, Any]) -> None:
    """Scores a run's test part, outliers and null datasets into RUN/score/, or with `task.input` a file of the user's.

    Raises:
        ConfigError: for outliers that are no examples of the run's space, and data that are no longer the run's.
    """
    if config["task"]["input"] is not None:
        alarm(config)
        return
    restored = restore(config["run"])
    parts = parts_of(restored.run, config)
    others = datasets(parts, config)
    scorer = Scorer(restored, parts, config)
    scored = {name: scored_by(scorer, name, dataset) for name, dataset in others.items()}
    metrics = figures(scored, scorer, config)
    directory = restored.run.subdirectory("score")
    write_scores({name: (found.dataset.index, found.scores) for name, found in scored.items()}, directory)
    result = {"metrics": metrics, "run": str(restored.run.path), "notes": notes(scorer, parts)}
    runs.write_json(directory / "result.json", result)
    save_pictures(scored, scorer, metrics, directory)
    show_found("score", metrics, directory, config["logger"])
    sizes = [f"typicality_{size}" for size in config["task"]["groups"]]
    print_detections(metrics, [name for name in scored if name != TEST], [*scorer.names, *sizes])
    print(*(f"note: {note}" for note in result["notes"]), directory, sep="\n")


def scored_by(scorer: Scorer, name: str, dataset: Dataset) -> Scored:
    print(f"scoring {name}: {len(dataset.x):,} examples", file=sys.stderr, flush=True)
    return Scored(dataset, scorer.scores(dataset.x))


def figures(scored: dict[str, Scored], scorer: Scorer, config: dict[str, Any]) -> dict[str, Any]:
    """`score/<outliers>/<score>/auroc` and so on, of typicality in groups of M as `typicality_M`."""
    seed, inliers = config["seed"], scored[TEST].scores
    metrics: dict[str, Any] = {"score/entropy_nats_per_example": scorer.entropy}
    for name, (dataset, outliers) in scored.items():
        metrics[f"score/{name}/examples"] = len(dataset.x)
        metrics[f"score/{name}/nats_per_example"] = float(outliers["likelihood"].mean())
        if name == TEST:
            continue
        pairs = {key: (inliers[key], outliers[key]) for key in scorer.names}
        for size in config["task"]["groups"]:
            both = (inliers["likelihood"], outliers["likelihood"])
            pairs[f"typicality_{size}"] = tuple(group_typicality(nats, scorer.entropy, size, seed) for nats in both)
        for key, pair in pairs.items():
            if min(map(len, pair)):  # else too few for a group of that size
                metrics |= {f"score/{name}/{key}/{k}": v for k, v in detection(*pair, seed).to_dict().items()}
    return metrics


def notes(scorer: Scorer, parts: Parts) -> list[str]:
    """What a reader of the figures must know of the other runs."""
    own, found = parts.split.get("test_hash"), list(parts.notes)
    for key, other in list(scorer.runs.items())[1:]:
        theirs = other.run.result.get("split", {}).get("test_hash")
        if theirs != own:
            found.append(
                f"task.{key}: another test part than the run's, of which that run may have been trained on some"
            )
    return found


def write_scores(scored: dict[str, tuple[Int64[np.ndarray, " _"], Scores]], directory: Path) -> None:
    """scores.csv: a line an example; `index` counts in its dataset."""
    with (directory / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("dataset", "index", *scored[TEST][1]))
        for name, (index, scores) in scored.items():
            columns = (values.round(6).tolist() for values in scores.values())
            lines.writerows((name, *cells) for cells in zip(index.tolist(), *columns, strict=True))


def save_pictures(scored: dict[str, Scored], scorer: Scorer, metrics: dict[str, Any], directory: Path) -> None:
    """histograms.png, roc.png and the examples at the ends; null datasets widen no histogram beside others."""
    from ar_lab.report.anomalies.curves import save_histograms, save_roc

    scores = {name: found.scores for name, found in scored.items()}
    given = [name for name, found in scored.items() if not found.dataset.null]
    save_histograms(scores, given if len(given) > 1 else list(scores), directory / "histograms.png")
    save_roc(scores, TEST, metrics, directory / "roc.png")
    save_extremes(scored, scorer, directory)
