"""The sweeper `ar_lab_grid`: hands the overrides of a line to `ar_lab.multirun`, which does the work."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class GridSweeperConf:
    _target_: str = "hydra_plugins.ar_lab.grid_sweeper.GridSweeper"
    params: dict[str, Any] = field(default_factory=dict)  # overrides that every line has, unless it gives them itself


ConfigStore.instance().store(group="hydra/sweeper", name="ar_lab_grid", node=GridSweeperConf, provider="ar_lab")


class GridSweeper(Sweeper):
    """Every combination of the values on the line."""

    def __init__(self, params: dict[str, Any]):
        self.params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def sweep(self, arguments: list[str]) -> None:
        from ar_lab.multirun import grid  # here, since Hydra imports every plugin at every start

        preset = [f"{key}={value}" for key, value in self.params.items()]
        self.task_function.ended(grid(self.hydra_context, self.config, preset, arguments))
