"""cv.fold=all: every fold of a configuration in one job, for who asks for its mean alone (an optimizer, say)."""

from collections.abc import Callable
from statistics import mean, stdev
from typing import Any

from ar_lab.runs import Run
from ar_lab.sweeps.records import METRIC
from ar_lab.sweeps.study import stopper
from ar_lab.tasks.settling import settle

# What a job's result says of each of its folds, and what all of them have in common.
OF_A_FOLD = ("status", "metrics", "split", "seconds", "parameters", "commit", "certificate")
SHARED = (
    "seed",
    "parameters",
    "likelihood",
    "commit",
    "dirty",
    "versions",
    "data_checksum",
    "data_files",
    "device",
    "processes",
    "threads",
)


def cross_validate(job: Run, config: dict[str, Any], learn: Callable[[Run, dict[str, Any]], None]) -> None:
    """Learns each fold as a run in JOB/fold0, JOB/fold1, …, and writes their means as the figures of the job.

    An optimizer of hyperparameters may give the job up between two folds.
    """
    folds, stops, status = [], stopper(job, config), "done"
    for number in range(config["cv"]["folds"]):
        place = job.path / f"fold{number}"
        cv = {**config["cv"], "fold": number}
        fold = settle({**config, "run": None, "output": str(place), "cv": cv}, learn)
        folds.append({"fold": number, "path": place.name, **{key: fold.result.get(key) for key in OF_A_FOLD}})
        job.write_result(folds=folds)
        left = config["cv"]["folds"] - len(folds)
        if stops is not None and left and stops(len(folds), mean(fold["metrics"][METRIC] for fold in folds)):
            status = "pruned"
            break
    shared = {key: fold.result.get(key) for key in SHARED}
    notes = [f"means over {len(folds)} held-out folds, ± std / √folds; the data's own test part is left out"]
    shared |= {"fold": "all", "repeat": config["cv"]["repeat"], "notes": notes}
    if all(fold["certificate"] for fold in folds):  # one that does not hold ends the job
        shared["certificate"] = {"holds": True, "verdict": f"certified: all {len(folds)} folds; see each of them"}
    job.write_result(status=status, metrics=means([fold["metrics"] for fold in folds]), **shared)


def means(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of every figure over the folds, with its standard error std / √folds in place of that over examples."""
    figures: dict[str, Any] = {}
    for name in metrics[0]:
        if name.endswith("_se") or not all(isinstance(fold.get(name), float) for fold in metrics):
            continue
        values = [fold[name] for fold in metrics]
        figures[name] = mean(values)
        figures[f"{name}_se"] = stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return figures
