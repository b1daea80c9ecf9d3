"""What every key about where the jobs of a sweep run may be, one class a launcher."""

from typing import Literal

from ar_lab.schema.types import Count, Section


class Process(Section):
    name: Literal["process"]
    n_jobs: Count | None
    threads: Count | None


class Basic(Section):
    name: Literal["basic"]


LAUNCHERS: dict[str, type[Section]] = {"process": Process, "basic": Basic}
