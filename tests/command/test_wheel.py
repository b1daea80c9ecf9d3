"""The built wheel is whole: it works from another directory, with its own configs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ar_lab.__main__ import config_directory

CHECKOUT = Path(__file__).parents[2]


def run(*command: str, **options) -> str:
    return subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True, **options).stdout


@pytest.mark.slow
def test_a_wheel_brings_its_configs(tmp_path):
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(CHECKOUT))
    (wheel,) = tmp_path.glob("*.whl")
    clean = tmp_path / "clean"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(clean), str(wheel))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    options = {"cwd": elsewhere, "env": {**os.environ, "PYTHONPATH": str(clean)}}
    where = run("-c", "import ar_lab.__main__ as m; print(m.config_directory())", **options)
    assert where.strip() == str(clean / "ar_lab" / "configs")
    assert "name: pixelcnn" in run("-m", "ar_lab", "--cfg", "job", **options)
    shipped = {
        file.relative_to(clean / "ar_lab" / "configs") for file in (clean / "ar_lab" / "configs").rglob("*.yaml")
    }
    assert shipped == {file.relative_to(config_directory()) for file in config_directory().rglob("*.yaml")}
    assert list(elsewhere.iterdir()) == []


def test_a_checkout_uses_its_own_configs():
    assert config_directory() == CHECKOUT / "configs"
