"""Where a figure comes from: the code's commit and the versions of what it ran on."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("ar-lab", "torch", "pytorch-lightning", "hydra-core", "numpy", "torchvision", "scikit-learn", "wandb")
CHECKOUT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, Any]:
    """Facts for result.json: `commit` and `dirty` (None outside a checkout), `versions`, `platform`."""
    commit, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    return {
        "commit": commit,
        "dirty": None if commit is None else bool(changes),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "platform": f"{platform.system()}-{platform.machine()}",
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """What git says about the checkout that holds ar_lab; None for an installed package, even inside another's."""
    if not (CHECKOUT / ".git").exists():
        return None
    # A git hook sets GIT_DIR to the repository that it runs in, which need not be ours.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(CHECKOUT), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
