"""The W&B sweep file: what W&B makes of it is a line that the real entry point runs."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from ar_lab.__main__ import main
from scripts import wandb_sweep
from tests.tasks.conftest import QUICK

SPACE = [
    "optimizer.lr=tag(log,interval(1e-4,1e-2))",
    "model.hidden=4,8",
    "model.layers=range(1,3)",
    "model.dropout=range(0,0.5,0.1)",
    "model.cell=lstm,gru",
    "optimizer.betas=[0.9,0.99],[0.9,0.999]",
    "learner.ema=null,0.9",
]
FIXED = ["model=charrnn", *(override for override in QUICK if override != "logger=csv"), "trainer.max_steps=2"]


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Writes a sweep file and reads it back."""
    monkeypatch.chdir(tmp_path)

    def write(*overrides: str) -> dict[str, Any]:
        assert wandb_sweep.main(["--output", "sweep.yaml", *overrides]) == 0
        return yaml.safe_load(Path("sweep.yaml").read_text())

    return write


def ends(parameter: dict[str, Any]) -> list[Any]:
    """The first and the last value that W&B can choose."""
    values = parameter.get("values") or [parameter["min"], parameter["max"]]
    return [values[0], values[-1]]


def filled_in(content: dict[str, Any], chosen: dict[str, Any]) -> list[str]:
    """The command of a trial, as W&B's agent makes it."""
    found = create_sweep_command_args({"args": {key: {"value": value} for key, value in chosen.items()}})
    found |= {"env": ["/usr/bin/env"], "interpreter": ["python"], "program": [content["program"]]}
    command = create_sweep_command(content["command"])
    return [word for part in command for word in (found[part[2:-1]] if part.startswith("${") else [part])]


@pytest.mark.parametrize("end", [0, 1])
def test_wandbs_agent_makes_lines_that_the_command_composes(sweep, capfd, end):
    content = sweep(*FIXED, *SPACE)
    chosen = {key: ends(parameter)[end] for key, parameter in content["parameters"].items()}
    env, python, flag, module, *line = filled_in(content, chosen)
    assert [env, python, flag, module] == ["/usr/bin/env", "python", "-m", "ar_lab"]
    capfd.readouterr()
    assert main([*line, "--cfg", "job"]) == 0
    config = yaml.safe_load(capfd.readouterr().out)
    assert config["logger"]["mode"] == "online"
    assert config["optimizer"]["lr"] == [1e-4, 1e-2][end]
    assert config["optimizer"]["betas"] == [[0.9, 0.99], [0.9, 0.999]][end]
    assert config["learner"]["ema"] == [None, 0.9][end]
    assert [config["model"][key] for key in ("hidden", "layers", "dropout", "cell")] == [
        [4, 1, 0.0, "lstm"],
        [8, 2, 0.4, "gru"],
    ][end]


def test_a_trial_runs_and_its_wandb_summary_has_the_metric(sweep, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    content = sweep(*FIXED, *SPACE[:2])
    line = filled_in(content, {"optimizer.lr": 0.0012345, "model.hidden": 4})[4:]
    assert main([*line, "logger.mode=offline", "output=run"]) == 0
    (logged,) = Path("run/wandb").glob("offline-run-*")
    reader = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--summary", str(logged)]
    assert content["metric"]["name"] in subprocess.run(reader, capture_output=True, text=True, check=True).stdout


def test_distributions_are_those_of_the_line(sweep):
    parameters = sweep("model=charrnn", *SPACE, "data.batch_size=int(interval(1,9))")["parameters"]
    assert parameters["optimizer.lr"] == {"min": 1e-4, "max": 1e-2, "distribution": "log_uniform_values"}
    assert parameters["data.batch_size"] == {"min": 1, "max": 9, "distribution": "int_uniform"}
    assert parameters["model.dropout"] == {"values": [0.0, 0.1, 0.2, 0.3, 0.4]}
    assert parameters["learner.ema"] == {"values": ["null", 0.9]}


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (["model=charrnn"], "no search space"),
        (["model=charrnn", "model.hiden=4,8"], "no such key"),
        (["optimizer.lr=interval(-1,1)"], "must be greater than 0"),
        (["cv=kfold", *SPACE[:1]], "one run"),
        (["logger=csv", *SPACE[:1]], "needs logger=wandb"),
        (["model=charrnn", "model.hidden=int(tag(log,interval(4,64)))"], "logarithmic"),
    ],
)
def test_what_wandb_cannot_search_is_one_line_and_no_file(tmp_path, capfd, overrides, reason):
    assert wandb_sweep.main(["--output", str(tmp_path / "sweep.yaml"), *overrides]) == 2
    err = capfd.readouterr().err
    assert reason in err and len(err.splitlines()) == 1
    assert not (tmp_path / "sweep.yaml").exists()
