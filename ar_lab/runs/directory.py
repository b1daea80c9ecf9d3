"""Run directories: made, claimed for one process, and found. No torch, so that a finished run answers at once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ar_lab.errors import ConfigError, LabError
from ar_lab.runs.files import make_unique
from ar_lab.runs.recording import LOCK, alone
from ar_lab.runs.run import Run

OUTPUTS = Path("outputs")


@contextmanager
def claimed(config: dict[str, Any]) -> Iterator[Run]:
    """The run directory that a config means, locked while the block runs.

    It is the run that `run` names; or the directory `output`, new, empty or with a run in it; or a new one,
    outputs/<date>_<time>_<model>_<data>. Nothing in it is written before the lock is held.

    Raises:
        ConfigError: when `output` holds something that is no run, or the run of another config.
        LabError: when another process runs there, or nothing can be written.
    """
    with ExitStack() as held:
        try:
            path = _place(config)
            held.enter_context(alone(Run(path)))
            _settle(Run(path), config)
        except OSError as error:
            where = error.filename or config["output"] or OUTPUTS
            raise LabError(
                f"{where}: cannot write the run ({error.strerror}); choose another place with output=DIR"
            ) from error
        yield Run(path)


def create(config: dict[str, Any], output: str | Path | None = None) -> Run:
    """A run directory of its own at `output`, or under outputs/, in which nothing ran yet."""
    with claimed({**config, "run": None, "output": None if output is None else str(output)}) as run:
        return run


def is_run(path: str | Path) -> bool:
    return (Path(path) / "config.yaml").is_file()


def find(path: str | Path, key: str = "run") -> Run:
    """The run at a directory, or around a checkpoint inside one; `key` is the config's name for it.

    Raises:
        ConfigError: when there is none.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix == ".ckpt":
        if not path.is_file():
            raise ConfigError(f"{key}={path}: no such checkpoint")
        directory = next((parent for parent in path.parents if is_run(parent)), None)
        if directory is None:
            raise ConfigError(f"{key}={path}: the checkpoint lies in no run directory (one with a config.yaml)")
        return Run(directory, chosen=path)
    if not path.is_dir():
        raise ConfigError(f"{key}={path}: no such directory; {_known_runs(path)}")
    if not is_run(path):
        raise ConfigError(f"{key}={path}: not a run directory, it has no config.yaml")
    return Run(path)


def _place(config: dict[str, Any]) -> Path:
    if config["run"] is not None:
        return find(config["run"]).path
    if config["output"] is not None:
        return _given(Path(config["output"]).absolute())
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    return make_unique(OUTPUTS.absolute() / f"{stamp}_{config['model']['name']}_{config['data']['name']}")


def _given(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    # But for what a process left that was killed before there was a run.
    found = [file for file in path.iterdir() if file.name != LOCK and not file.match("config.yaml.*.tmp")]
    if found and not is_run(path):
        raise ConfigError(f"output={path}: not empty, and not a run; choose another directory or empty this one")
    return path


def _settle(run: Run, config: dict[str, Any]) -> None:
    """Makes a locked directory one of a run of this config, or refuses; removes what a killed process was writing."""
    if not is_run(run.path):
        run.write_config(config)
    run.standing(config)
    for leftover in (*run.path.glob("*.tmp"), *run.path.glob("checkpoints/*.tmp")):
        leftover.unlink()
    (run.path / "checkpoints").mkdir(exist_ok=True)


def _known_runs(path: Path) -> str:
    runs = sorted(result.parent.name for result in path.parent.glob("*/result.json"))
    return f"the last run there is {runs[-1]}" if runs else "runs are made by task=train, under outputs/"
