"""The sweeper `ar_lab_optuna`: hands the search space of a line to `ar_lab.search`, which does the work."""

from dataclasses import dataclass

from hydra.core.config_store import ConfigStore

from hydra_plugins.ar_lab.grid_sweeper import GridSweeper, GridSweeperConf


@dataclass
class OptunaSweeperConf(GridSweeperConf):
    _target_: str = "hydra_plugins.ar_lab.optuna_sweeper.OptunaSweeper"


ConfigStore.instance().store(group="hydra/sweeper", name="ar_lab_optuna", node=OptunaSweeperConf, provider="ar_lab")


class OptunaSweeper(GridSweeper):
    """As many trials as the line asks for, each chosen by what became of those before."""

    def sweep(self, arguments: list[str]) -> None:
        from ar_lab.search import search  # here, since Hydra imports every plugin at every start

        # What cv=kfold presets expands into a job a fold; a trial has all of them inside.
        preset = [f"{key}={value}" for key, value in self.params.items() if not key.startswith("cv.")]
        self.task_function.ended(search(self.hydra_context, self.config, [*preset, *arguments]))
