"""Chooses between the two launchers of hydra-submitit-launcher: SLURM where there is one, else this machine."""

import shutil
from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class SubmititLauncher(Launcher):
    def __init__(self, **queue: Any):
        self.queue = queue

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from hydra_plugins.hydra_submitit_launcher.submitit_launcher import LocalLauncher, SlurmLauncher

        chosen = config.launcher
        cluster = chosen.cluster or ("slurm" if shutil.which("srun") else "local")
        if cluster == "slurm":
            self.inner = SlurmLauncher(
                **self.queue,
                partition=chosen.partition,
                array_parallelism=chosen.n_jobs,
                additional_parameters=dict(chosen.options or {}),
            )
        else:
            self.inner = LocalLauncher(**self.queue)
        self.inner.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        return self.inner.launch(job_overrides, initial_job_idx)
