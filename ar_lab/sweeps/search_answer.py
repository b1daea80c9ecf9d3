"""The answer of a search: how its trials ended, the best as a command to copy, and which dimensions mattered."""

import shlex
from typing import Any

from ar_lab.sweeps.identity import key_of
from ar_lab.sweeps.plan import Sweep
from ar_lab.sweeps.records import metric_of
from ar_lab.sweeps.study import Study, Trial, counts

OF_THE_SEARCH = ("sweep", "cv", "launcher", "output", "hydra")  # groups of overrides that the best run alone leaves out


def is_search(sweep: Sweep) -> bool:
    return bool(sweep.jobs) and sweep.jobs[0].config["sweep"]["strategy"] == "optuna"


def answer(sweep: Sweep) -> dict[str, Any]:
    """What summary.json says of a search beside its jobs."""
    config = sweep.jobs[0].config
    study = Study(sweep.path, config)
    trials = study.trials
    complete = [trial for trial in trials if trial.figure is not None]
    return {
        "objective": metric_of(config),
        "folds": config["cv"]["folds"] if config["cv"]["fold"] == "all" else None,
        "trials": counts(trials),
        "best": _best(min(complete, key=lambda trial: trial.figure), sweep) if complete else None,
        "importances": study.importances(),
        "history": [{"trial": trial.number, "state": trial.state, "figure": trial.figure} for trial in trials],
    }


def _best(trial: Trial, sweep: Sweep) -> dict[str, Any]:
    (job,) = (job for job in sweep.jobs if job.id == trial.job)
    kept = [override for override in job.overrides if key_of(override).partition(".")[0] not in OF_THE_SEARCH]
    command = shlex.join(["python", "-m", "ar_lab", *kept])
    return {"trial": trial.number, "job": job.id, "figure": trial.figure, "command": command}
