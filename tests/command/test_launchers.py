"""What a launcher is given: from the line to the plugin, and what is said when the plugin is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig

from ar_lab.__main__ import config_directory
from ar_lab.schema.launcher import LAUNCHERS
from ar_lab.sweeps import machine
from ar_lab.sweeps.machine import MEMORY_PER_PROCESS
from hydra_plugins.ar_lab.resolvers import gpus_per_job
from hydra_plugins.ar_lab.submitit_launcher import SubmititLauncher

EXTRAS = {"joblib": "parallel", "ray": "ray", "submitit": "slurm"}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_every_launcher_has_a_config_that_passes_the_check(composed, launcher):
    assert composed(f"launcher={launcher}")["launcher"]["name"] == launcher


@pytest.mark.parametrize("launcher", EXTRAS)
def test_a_launcher_that_is_not_installed_names_its_extra(command, monkeypatch, launcher):
    Plugins.instance()  # has registered them
    node = "submitit_local" if launcher == "submitit" else launcher
    monkeypatch.delitem(ConfigStore.instance().repo["hydra"]["launcher"], f"{node}.yaml")
    answer = command(f"launcher={launcher}", "-m", "seed=0,1")
    assert answer.code == 2
    assert answer.err == f"ar_lab: launcher={launcher}: needs an extra: pip install 'ar-lab[{EXTRAS[launcher]}]'\n"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("launcher=nowhere", "launcher=nowhere: no such launcher; choose one of basic, joblib, process, ray, submitit"),
        ("launcher=joblib launcher.n_jobs=0", "launcher.n_jobs=0: must be at least 1"),
        ("launcher=ray launcher.address=x", "launcher.address=x: must be local, auto, HOST:PORT or ray://HOST:PORT"),
        ("launcher=submitit launcher.cluster=pbs", "launcher.cluster=pbs: must be slurm or local"),
        ("launcher.n_job=2", "launcher.n_job: no such key; did you mean launcher.n_jobs?"),
    ],
)
def test_a_wrong_launcher_is_said_before_anything_starts(command, wrong, said):
    answer = command("-m", "seed=0,1", *wrong.split())
    assert answer.code == 2 and said in answer.err


@pytest.fixture
def with_hydra() -> Callable[..., DictConfig]:
    """The composed config of a line as launchers get it."""

    def compose_line(*line: str) -> DictConfig:
        with initialize_config_dir(str(config_directory()), version_base="1.3"):
            return compose("config", list(line), return_hydra_config=True)

    return compose_line


def test_joblib_runs_as_many_jobs_at_once_as_the_machine_has_room_for(with_hydra, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 6)
    monkeypatch.setattr(machine, "memory", lambda: 4 * MEMORY_PER_PROCESS)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert with_hydra("launcher=joblib").hydra.launcher.n_jobs == 4
    assert with_hydra("launcher=joblib", "launcher.threads=3").hydra.launcher.n_jobs == 2
    assert with_hydra("launcher=joblib", "launcher.n_jobs=5").hydra.launcher.n_jobs == 5


def test_ray_gives_every_job_a_gpu_where_there_are_any(with_hydra, monkeypatch):
    for gpus, expected in ([], 0), (["0", "1"], 1):
        monkeypatch.setattr(machine, "gpus", lambda gpus=gpus: gpus)
        remote = with_hydra("launcher=ray", "launcher.address=10.0.0.1:6379").hydra.launcher.ray.remote
        assert (remote.num_cpus, remote.num_gpus) == (1, expected)
    assert gpus_per_job(None, "cpu") == 0 and gpus_per_job(2, "auto") == 2


def test_slurm_is_chosen_where_there_is_one(with_hydra, tmp_path: Path, monkeypatch):
    def chosen(*line: str) -> Launcher:
        config = with_hydra("launcher=submitit", "hydra.sweep.dir=.", *line)
        launcher = SubmititLauncher(**{key: value for key, value in config.hydra.launcher.items() if key != "_target_"})
        launcher.setup(hydra_context=HydraContext(None, None), task_function=print, config=config)
        return launcher.inner

    monkeypatch.setenv("PATH", str(tmp_path))
    assert type(chosen()).__name__ == "LocalLauncher"
    (tmp_path / "srun").touch(mode=0o755)
    assert type(chosen("launcher.cluster=local")).__name__ == "LocalLauncher"
    slurm = chosen("launcher.partition=gpu", "launcher.options={account: mine}")
    assert type(slurm).__name__ == "SlurmLauncher"
    assert (slurm.params["partition"], slurm.params["additional_parameters"]) == ("gpu", {"account": "mine"})
