"""Where a task writes that belongs to no single run."""

import time
from pathlib import Path
from typing import Any

from ar_lab.errors import ConfigError
from ar_lab.runs import make_unique
from ar_lab.runs.directory import OUTPUTS


def check_output(config: dict[str, Any]) -> None:
    """Raises ConfigError when `output` holds something already."""
    output = config["output"]
    if output is not None and Path(output).exists() and (not Path(output).is_dir() or any(Path(output).iterdir())):
        raise ConfigError(f"output={output}: not empty; choose another directory or empty this one")


def new_directory(config: dict[str, Any]) -> Path:
    """The directory `output`, else a new one: outputs/<date>_<time>_<task>."""
    if config["output"] is None:
        return make_unique(OUTPUTS.absolute() / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}_{config['task']['name']}")
    place = Path(config["output"]).absolute()
    place.mkdir(parents=True, exist_ok=True)
    return place
