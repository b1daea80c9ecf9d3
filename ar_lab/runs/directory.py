"""One run directory: made, found, read and written. No torch, so that a finished run answers at once."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident
from traceback import format_exc
from typing import Any

import yaml

from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.runs.differences import difference, flatten
from ar_lab.runs.processes import is_alive, start_time
from ar_lab.schema.targets import check_targets

OUTPUTS = Path("outputs")


class Run:
    """One run directory; `chosen` is the checkpoint that was asked for by its path."""

    def __init__(self, path: Path, chosen: Path | None = None):
        self.path = path
        self.chosen = chosen

    @property
    def config(self) -> dict[str, Any]:
        return _read_config(self.path / "config.yaml")

    def write_config(self, config: dict[str, Any]) -> None:
        """Writes the config that repeats this run, wherever it then lies."""
        config = {**config, "run": None}
        write_atomically(self.path / "config.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    @property
    def result(self) -> dict[str, Any]:
        """What result.json holds; empty before the first write."""
        file = self.path / "result.json"
        try:
            return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        except (OSError, ValueError) as error:
            raise LabError(f"{file}: cannot be read ({error})") from error

    def write_result(self, **fields: Any) -> None:
        """Merges fields into result.json, atomically."""
        result = {**self.result, **fields}
        if fields.get("status") == "running":
            result |= {"pid": os.getpid(), "process_started": start_time(os.getpid())}
            result.pop("traceback", None)
        write_json(self.path / "result.json", result)

    @property
    def status(self) -> str:
        """running, done, failed, interrupted, or killed when the process that ran it is gone without a word."""
        result = self.result
        status = result.get("status", "killed")
        if status == "running" and not is_alive(result.get("pid"), result.get("process_started")):
            return "killed"
        return status

    def refuse_if_running(self) -> None:
        """Raises LabError when another process that still lives runs in this directory."""
        if self.status == "running" and self.result.get("pid") != os.getpid():
            raise LabError(f"{self.path}: process {self.result['pid']} runs there; wait for it, or end it first")

    def finished_like(self, config: dict[str, Any]) -> bool:
        """Whether this run is done with all that a config asks for."""
        return self.status == "done" and difference(self.config, config) is None

    def checkpoint(self, name: str | None = None) -> Path:
        """The path of checkpoints/<name>.ckpt; without a name the one that was asked for, else best.ckpt."""
        if name is None and self.chosen is not None:
            return self.chosen
        return self.path / "checkpoints" / f"{name or 'best'}.ckpt"

    def subdirectory(self, task: str) -> Path:
        """A fresh directory for what a later task writes: RUN/<task>, then RUN/<task>_2, and so on."""
        return make_unique(self.path / task)

    @contextmanager
    def recording(self, **fields: Any) -> Iterator[None]:
        """Writes into result.json that the block runs, and how it ended unless it says `done` itself.

        `seconds` adds up over the times a run was gone on with. The error that leaves the block knows the run's path
        (`error.run_path`), so that the command can name it.
        """
        self.write_result(status="running", **fields)
        began = time.monotonic() - self.result.get("seconds", 0.0)
        try:
            yield
            self.write_result(seconds=round(time.monotonic() - began, 3))
        except BaseException as error:
            stopped = isinstance(error, (Interrupted, KeyboardInterrupt))
            ending = {"status": "interrupted"} if stopped else {"status": "failed", "traceback": format_exc()}
            error.run_path = self.path
            with suppress(OSError):  # a full disk must not hide what happened
                self.write_result(**ending, seconds=round(time.monotonic() - began, 3))
            raise


def create(config: dict[str, Any], output: str | Path | None = None) -> Run:
    """A run directory of its own: `output`, or outputs/<date>_<time>_<model>_<data>.

    With an `output` that holds an unfinished run of the same config, that run, to go on with.

    Raises:
        ConfigError: when `output` holds a run of another config, or something that is no run.
        LabError: when a process still runs there, or nothing can be written.
    """
    if output is not None and is_run(output):
        return _same_run(Path(output), config)
    try:
        path = _make_directory(config) if output is None else _claim(Path(output))
        (path / "checkpoints").mkdir()
        Run(path).write_config(config)
    except OSError as error:
        where = error.filename or output or OUTPUTS
        raise LabError(
            f"{where}: cannot write the run ({error.strerror}); choose another place with output=DIR"
        ) from error
    return Run(path)


def is_run(path: str | Path) -> bool:
    return (Path(path) / "config.yaml").is_file()


def resume(config: dict[str, Any]) -> Run:
    """The run that `config["run"]` names, from now on a run of this config (of more steps, say).

    Raises:
        LabError: when a process still runs there.
    """
    run = find(config["run"])
    run.refuse_if_running()
    run.write_config(config)
    return run


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


def make_unique(path: Path) -> Path:
    """Makes `path`, or `path`_2, _3, … when it is taken; never one that somebody else made."""
    number, candidate = 1, path
    while True:
        try:
            candidate.mkdir(parents=True)
            return candidate
        except FileExistsError:
            number += 1
            candidate = path.with_name(f"{path.name}_{number}")


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Plain containers, atomically; a number that is not finite becomes null, for JSON has none."""
    write_atomically(path, json.dumps(_without_nan(content), indent=2, allow_nan=False) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """A reader, or the next start after a kill, sees the old file or the new one and nothing between."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.{get_ident()}.tmp")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _make_directory(config: dict[str, Any]) -> Path:
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    return make_unique(OUTPUTS.absolute() / f"{stamp}_{config['model']['name']}_{config['data']['name']}")


def _claim(path: Path) -> Path:
    """`output` as a directory for one run: new, or empty. Its `checkpoints`, made exclusively, are the claim."""
    path = path.absolute()
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise ConfigError(f"output={path}: not empty, and not a run; choose another directory or empty this one")
    return path


def _same_run(path: Path, config: dict[str, Any]) -> Run:
    run = find(path)
    run.refuse_if_running()
    if found := difference(run.config, config):
        key, ours, theirs = found
        raise ConfigError(
            f"output={run.path}: holds a run with {key}={ours}, this one has {key}={theirs}; "
            f"choose another output, or go on with that run: task=train run={run.path}"
        )
    return run


def _known_runs(path: Path) -> str:
    runs = sorted(result.parent.name for result in path.parent.glob("*/result.json"))
    return f"the last run there is {runs[-1]}" if runs else "runs are made by task=train, under outputs/"


def _read_config(file: Path) -> dict[str, Any]:
    """Plain values alone: written resolved, read by the safe loader, nothing in it evaluated, every target allowed."""
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{file}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{file}: not the config of a run")
    for key, value in flatten(config).items():
        if "${" in str(value):
            raise ConfigError(f"{file}: {key}={value} is an interpolation; the config of a run is written resolved")
    check_targets(config)
    return config


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    finite = not isinstance(value, float) or abs(value) < float("inf")
    return value if finite else None
