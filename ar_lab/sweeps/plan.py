"""A sweep on disk: a directory of jobs, each with its config frozen before the first one starts."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ar_lab import runs
from ar_lab.errors import ConfigError, LabError, Occupied
from ar_lab.runs import Run
from ar_lab.runs.differences import is_place
from ar_lab.runs.directory import OUTPUTS
from ar_lab.runs.recording import LOCK, alone
from ar_lab.sweeps.identity import configuration_id, job_id, key_of, sweep_name

PLAN = "sweep.json"


@dataclass(frozen=True)
class Job:
    """One run of a sweep: its directory, what the line said of it, and its config."""

    path: Path
    overrides: tuple[str, ...]
    config: dict[str, Any]

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def run(self) -> Run:
        return Run(self.path)

    def is_done(self) -> bool:
        """Whether nothing is left to do, on data that did not change since."""
        return runs.is_run(self.path) and self.run.standing(self.config) == "done"

    @cached_property
    def configuration(self) -> str:
        """A key that the replicates of one configuration share."""
        return configuration_id(self.config)


@dataclass(frozen=True)
class Sweep:
    """The jobs that one command line means, in its order; its directory may hold jobs of earlier lines as well."""

    path: Path
    line: tuple[str, ...]
    jobs: tuple[Job, ...]

    def freeze(self, jobs: Sequence[Job]) -> list[Job]:
        """Writes the configs of the jobs that are to run, and the plan: from now on no YAML is read again.

        Returns the jobs that are frozen: all but those that another process runs.
        """
        if not is_sweep(self.path):
            self._write_plan([])  # or a kill in between would leave what nobody knows for a sweep
        frozen = []
        for job in jobs:
            job.path.mkdir(parents=True, exist_ok=True)
            with suppress(Occupied), alone(job.run):
                if job.run.result:  # of a config that is no longer there: the job reads its data to know
                    job.run.write_result(data_files=None)
                job.run.write_config(job.config)
                frozen.append(job)
        self._write_plan(self.jobs)  # with no job that has no config
        return frozen

    def _write_plan(self, jobs: Sequence[Job]) -> None:
        planned = [{"id": job.id, "overrides": job.overrides} for job in jobs]
        runs.write_json(self.path / PLAN, {"line": self.line, "jobs": planned})

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the sweep's lock.

        Raises:
            LabError: when another process runs this sweep, or the directory cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabError(f"{self.path}: cannot write the sweep ({error.strerror}); choose output=DIR") from error
        with alone(Run(self.path)):
            yield


def plan(line: Sequence[str], jobs: Sequence[tuple[Sequence[str], dict[str, Any]]]) -> Sweep:
    """The sweep of a command line, from the overrides and the checked config of each of its jobs.

    Raises:
        ConfigError: when two jobs are one, or its directory holds something else.
    """
    configs = [config for _, config in jobs]
    path = _directory(configs, line)
    planned: dict[str, Job] = {}
    for overrides, config in jobs:
        job = job_of(path, overrides, config)
        if job.id in planned:
            raise ConfigError(f"{' '.join(overrides)}: the same job as {' '.join(planned[job.id].overrides)}; drop one")
        planned[job.id] = job
    return Sweep(path, tuple(line), tuple(planned.values()))


def job_of(sweep: Path, overrides: Sequence[str], config: dict[str, Any]) -> Job:
    """The job of a sweep's directory that overrides and their checked config mean."""
    said = tuple(override for override in overrides if not is_place(key_of(override)))
    return Job(sweep / job_id(config), said, {**config, "output": None})


def _directory(configs: list[dict[str, Any]], line: Sequence[str]) -> Path:
    outputs = {config["output"] for config in configs}
    if len(outputs) > 1:
        raise ConfigError("output: one directory holds the whole sweep; give one, or none")
    output, name = outputs.pop(), configs[0]["sweep"]["name"]
    if output is None:
        return OUTPUTS.absolute() / "sweeps" / (name or sweep_name(configs, line))
    path = Path(output)
    if path.exists() and not _is_free(path) and not is_sweep(path):  # in this order: one may be made meanwhile
        raise ConfigError(f"output={path}: not empty, and not a sweep; choose another directory or empty this one")
    return path


def _is_free(path: Path) -> bool:
    """Whether a directory holds nothing but what a process left that was killed before there was a sweep."""
    return path.is_dir() and all(file.name == LOCK or file.match(f"{PLAN}.*.tmp") for file in path.iterdir())


def is_sweep(path: str | Path) -> bool:
    return (Path(path).expanduser() / PLAN).is_file()


def find(path: str | Path, key: str = "run") -> Sweep:
    """The sweep in a directory, with the jobs of its last command line.

    Raises:
        ConfigError: when there is none, or its plan cannot be read.
    """
    path = Path(path).expanduser().absolute()
    if not is_sweep(path):
        raise ConfigError(f"{key}={path}: not a sweep, it has no {PLAN}; sweeps lie under outputs/sweeps/")
    try:
        content = json.loads((path / PLAN).read_text(encoding="utf-8"))
        planned = [(path / entry["id"], tuple(entry["overrides"])) for entry in content["jobs"]]
        line = tuple(content["line"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path / PLAN}: cannot be read ({error})") from error
    return Sweep(path, line, tuple(Job(job, overrides, Run(job).config) for job, overrides in planned))
