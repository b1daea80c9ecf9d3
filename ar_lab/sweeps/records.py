"""Records: what the files say of every job of a sweep, one record a held-out figure. No torch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ar_lab.runs import Run
from ar_lab.runs.curves import curve
from ar_lab.sweeps.plan import Job

METRIC = "test/nats_per_dim"
VALIDATION = "validation/nats_per_dim"


@dataclass(frozen=True)
class Record:
    """One training of a sweep, finished or not; figures in nats per dimension, None as long as there is none."""

    id: str  # of the job; the folds inside a job share it
    path: Path
    overrides: tuple[str, ...]
    configuration: str  # a key that replicates share
    name: str  # model and data, for a sweep in which nothing else varies
    fold: int | None
    repeat: int | None
    seed: int
    status: str
    metric: str = METRIC  # what the figure is
    figure: float | None = None  # held-out
    se: float | None = None
    train: float | None = None
    validation: float | None = None
    validation_best: float | None = None  # of the curve
    validation_last: float | None = None
    seconds: float | None = None
    n_train: int | None = None  # examples given to the learning procedure, its validation part included
    n_validation: int | None = None  # of these, what the checkpoint is chosen by
    n_test: int | None = None
    held_out: str | None = None  # a hash of the examples that the figure is over; None when they are not known
    parameters: int | None = None
    commit: str | None = None
    certified: bool | None = None  # None: nothing was proved
    of_last_weights: bool = False  # and of none that a validation part chose
    error: str | None = None

    @property
    def gap(self) -> float | None:
        """Held-out minus training figure."""
        return None if self.figure is None or self.train is None else self.figure - self.train

    @property
    def split(self) -> tuple[int | None, int | None]:
        return self.repeat, self.fold


def metric_of(config: dict[str, Any]) -> str:
    """What the jobs of a sweep are ranked by: a search that chose by the test part would spoil it."""
    return VALIDATION if config["cv"]["folds"] is None and config["sweep"]["strategy"] == "optuna" else METRIC


def figure_of(job: Job) -> float | None:
    """The figure that a job as a whole is ranked by, a mean where there are folds inside; None when there is none."""
    return job.run.result.get("metrics", {}).get(metric_of(job.config))


def gather(jobs: Iterable[Job]) -> list[Record]:
    """The records of jobs in whatever state; `cv.fold=all` gives one for each fold inside the job."""
    return [record for job in jobs for record in _records(job)]


def _records(job: Job) -> Iterator[Record]:
    fold, status = job.config["cv"]["fold"], job.run.status
    if fold != "all":
        yield _record(job, job.run, fold, status)
        return
    # The first fold that the job did not come to tells what became of the job, unless a fold before it does.
    left = "pending" if status in ("running", "done") else status
    for k in range(job.config["cv"]["folds"]):
        run = Run(job.path / f"fold{k}")
        of_fold = run.status if run.result else left
        left = left if of_fold == "done" else "pending"
        yield _record(job, run, k, of_fold)


def _record(job: Job, run: Run, fold: int | None, status: str) -> Record:
    result = run.result or {"traceback": job.run.result.get("traceback") if status == "failed" else None}
    metrics, split, metric = result.get("metrics", {}), result.get("split", {}), metric_of(job.config)
    part = metric.partition("/")[0]
    validation = [value for _, value in curve(run.path, VALIDATION)]
    return Record(
        id=job.id,
        path=run.path,
        overrides=job.overrides,
        configuration=job.configuration,
        name=f"model={job.config['model']['name']} data={job.config['data']['name']}",
        fold=fold,
        repeat=job.config["cv"]["repeat"],
        seed=job.config["seed"],
        status=status,
        metric=metric,
        **(_figures(metrics, metric) if status == "done" else {}),
        validation_best=min(validation, default=None),
        validation_last=validation[-1] if validation else None,
        seconds=result.get("seconds"),
        n_train=split["train"] + (split["validation"] if metric == METRIC else 0) if split else None,
        n_validation=split.get("validation") if metric == METRIC else None,
        n_test=split.get(part),
        held_out=split.get(f"{part}_hash"),
        parameters=result.get("parameters"),
        commit=result.get("commit"),
        certified=result.get("certificate", {}).get("holds"),
        of_last_weights=job.config.get("learner", {}).get("select") == "last",
        error=_last_line(result.get("traceback")),
    )


def _figures(metrics: dict[str, Any], metric: str) -> dict[str, float | None]:
    names = {"figure": metric, "se": f"{metric}_se", "train": "train/nats_per_dim", "validation": VALIDATION}
    return {field: metrics.get(name) for field, name in names.items()}


def _last_line(traceback: str | None) -> str | None:
    lines = (traceback or "").strip().splitlines()
    return lines[-1].removeprefix("ar_lab.errors.") if lines else None
