"""What every key about several runs may be: how a sweep is made."""

from typing import Literal

from ar_lab.schema.types import Count, Name, Natural, Section, Seed


class Grid(Section):
    strategy: Literal["grid"]
    name: Name | None
    dry_run: bool
    fail_fast: bool


class Optuna(Section):
    strategy: Literal["optuna"]
    name: Name | None
    dry_run: bool
    fail_fast: bool
    n_trials: Count
    sampler: Literal["tpe", "random"]
    seed: Seed
    startup: Natural
    pruner: Literal["none", "median", "hyperband"]


SWEEPS: dict[str, type[Section]] = {"grid": Grid, "optuna": Optuna}
