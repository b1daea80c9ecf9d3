"""The sweeper `ar_lab_optuna`: hands the search space of a line to `ar_lab.search`, which does the work."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class OptunaSweeperConf:
    _target_: str = "hydra_plugins.ar_lab.optuna_sweeper.OptunaSweeper"
    params: dict[str, Any] = field(default_factory=dict)  # overrides that every line has, unless it gives them itself


ConfigStore.instance().store(group="hydra/sweeper", name="ar_lab_optuna", node=OptunaSweeperConf, provider="ar_lab")


class OptunaSweeper(Sweeper):
    """As many trials as the line asks for, each chosen by what became of those before."""

    def __init__(self, params: dict[str, Any]):
        self.params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def sweep(self, arguments: list[str]) -> None:
        from ar_lab.search import search  # here, since Hydra imports every plugin at every start

        # What cv=kfold presets expands into a job a fold; a trial has all of them inside.
        preset = [f"{key}={value}" for key, value in self.params.items() if not key.startswith("cv.")]
        self.task_function.ended(search(self.hydra_context, self.config, [*preset, *arguments]))
