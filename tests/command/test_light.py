"""What needs no torch does not wait for it: help, configs, complaints and finished runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ar_lab import runs
from ar_lab.__main__ import config_directory

HEAVY = {"torch", "pytorch_lightning", "lightning", "wandb", "torchvision", "numpy", "sklearn", "matplotlib"}


def imported(*line: str) -> tuple[int, str, set[str]]:
    """Exit code, standard output and the top-level packages that a command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "ar_lab", *line]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=config_directory().parent, check=False)
    packages = re.findall(r"^import time:.*\|\s*([\w.]+)$", answer.stderr, re.MULTILINE)
    return answer.returncode, answer.stdout, {package.partition(".")[0] for package in packages}


@pytest.mark.parametrize(
    ("line", "code", "shown"),
    [
        (["--help"], 0, "model: charrnn, logistic, made,"),
        (["--cfg", "job"], 0, "name: pixelcnn"),
        (["--info", "searchpath"], 0, "Config search path"),
        (["model=pixelcn"], 2, ""),
        (["optimizer.lr=-1"], 2, ""),
        (["run=nowhere"], 2, ""),
    ],
)
def test_an_answer_without_training_imports_nothing_heavy(line, code, shown):
    returned, out, packages = imported(*line)
    assert returned == code and shown in out
    assert "omegaconf" in packages  # the list of imports was read
    assert not packages & HEAVY


def test_help_and_configs_do_not_wait_for_the_typed_check():
    assert "pydantic" not in imported("--help")[2] | imported("--cfg", "job")[2]


def test_a_finished_run_imports_nothing_heavy(composed, tmp_path: Path):
    run = runs.create(composed(), tmp_path / "run")
    run.write_result(status="done", metrics={"test/nats_per_dim": 1.0, "test/nats_per_dim_se": 0.1})
    returned, out, packages = imported(f"run={run.path}")
    assert returned == 0 and out.splitlines()[-1] == str(run.path)
    assert not packages & HEAVY


def test_help_names_every_task_and_how_to_go_on(command):
    out = command("--help").out
    tasks = [file.stem for file in (config_directory() / "task").glob("*.yaml")]
    assert all(task in out for task in tasks)
    assert "task=train run=" in out and "AR_LAB_TRUST" in out
