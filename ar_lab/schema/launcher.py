"""What every key about where the jobs of a sweep run may be, one class a launcher."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ar_lab.schema.types import Count, Natural, Section


class Process(Section):
    name: Literal["process"]
    n_jobs: Count | None
    threads: Count | None


class Basic(Section):
    name: Literal["basic"]


class Joblib(Section):
    name: Literal["joblib"]
    n_jobs: Count | None
    threads: Count | None


def _address(address: str) -> str:
    if address in ("local", "auto") or ":" in address:
        return address
    raise ValueError("must be local, auto, HOST:PORT or ray://HOST:PORT")


class Ray(Section):
    name: Literal["ray"]
    address: Annotated[str, AfterValidator(_address)]
    cpus: Count
    gpus: Natural | None
    threads: Count | None


class Submitit(Section):
    name: Literal["submitit"]
    cluster: Literal["slurm", "local"] | None
    partition: Annotated[str, Field(min_length=1)] | None
    timeout_min: Count
    n_jobs: Count
    cpus: Count
    gpus: Natural | None
    memory: Count | None
    threads: Count | None
    options: dict[str, str | int | bool] | None


LAUNCHERS: dict[str, type[Section]] = {
    "process": Process,
    "basic": Basic,
    "joblib": Joblib,
    "ray": Ray,
    "submitit": Submitit,
}
