"""What every key about several runs may be: how a sweep is made."""

from typing import Literal

from ar_lab.schema.types import Name, Section


class Grid(Section):
    strategy: Literal["grid"]
    name: Name | None
    dry_run: bool
    fail_fast: bool


SWEEPS: dict[str, type[Section]] = {"grid": Grid}
