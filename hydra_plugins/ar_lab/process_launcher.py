"""The launcher `ar_lab_process`: hands the jobs of a sweep to `ar_lab.job`, which starts a child process for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class ProcessLauncherConf:
    _target_: str = "hydra_plugins.ar_lab.process_launcher.ProcessLauncher"


ConfigStore.instance().store(group="hydra/launcher", name="ar_lab_process", node=ProcessLauncherConf, provider="ar_lab")


class ProcessLauncher(Launcher):
    """A child process for every job, on this machine."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.loader, self.config = hydra_context.config_loader, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        from ar_lab.job import side_by_side  # here, since Hydra imports every plugin at every start

        outputs = [self.loader.load_sweep_config(self.config, list(job)).output for job in job_overrides]
        side_by_side(outputs, self.config)
        return [JobReturn(status=JobStatus.COMPLETED) for _ in outputs]
