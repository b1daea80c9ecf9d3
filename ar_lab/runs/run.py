"""One run directory: what it holds, how the run stands, and what the same line again does with it. No torch."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from platform import node
from traceback import format_exc
from typing import Any, Literal

import yaml

from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.runs.differences import difference, flatten
from ar_lab.runs.files import make_unique, stamps, write_atomically, write_json
from ar_lab.runs.processes import is_alive, start_time
from ar_lab.schema.targets import check_targets

SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast where libyaml is there
FINAL = ("done", "pruned")  # nothing is left to do, as long as the data are the same
# What training makes beside its result, and a start from the beginning must not find.
MADE = (
    "metrics.csv",
    "checkpoints",
    "tensorboard",
    "samples.png",
    "samples.txt",
    "certificate.json",
    "certificate.md",
    "receptive_field.png",
)

Standing = Literal["done", "unsure", "resume", "afresh", "new"]


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
            result |= {"host": node(), "pid": os.getpid(), "process_started": start_time(os.getpid())}
            for of_before in ("traceback", "signal", "certificate"):
                result.pop(of_before, None)
        write_json(self.path / "result.json", result)

    @property
    def status(self) -> str:
        """pending, running, done, failed, interrupted, pruned, or killed.

        Pending: nothing ran yet. Killed: the process that ran it is gone without a word. Pruned: an optimizer of
        hyperparameters stopped it.
        """
        result = self.result
        status = result.get("status", "pending")
        here = result.get("host", node()) == node()  # of another host's processes nothing is known
        if status == "running" and here and not is_alive(result.get("pid"), result.get("process_started")):
            return "killed"
        return status

    def standing(self, config: dict[str, Any]) -> Standing:
        """What a training by this config has to do here: the one rule of the same line again.

        done: nothing, the figures stand; unsure: the same, if the data still have their checksum, since their files
        changed; resume: go on from last.ckpt; afresh: forget what there is and start again; new: start.

        Raises:
            ConfigError: when this is the run of another config, and `run` does not say to go on with it; or it does,
                and the run has folds inside, or is finished and kept no last.ckpt to go on from.
        """
        found, status, told_to = difference(self.config, config), self.status, config["run"] is not None
        if told_to and (found or status != "done"):
            self._check_is_to_go_on(status, found)
            return "resume"
        if found:
            key, ours, theirs = found
            raise ConfigError(
                f"output={self.path}: holds a run with {key}={ours}, this one has {key}={theirs}; "
                f"choose another output, or go on with that run: task=train run={self.path}"
            )
        if status in FINAL:
            return "done" if self.has_same_files(config) else "unsure"
        return {"pending": "new", "failed": "afresh"}.get(status, "resume")

    def _check_is_to_go_on(self, status: str, found: tuple[str, Any, Any] | None) -> None:
        if self.has_folds_inside:
            if found:
                key, ours, theirs = found
                raise ConfigError(f"{key}={theirs}: the folds in {self.path} have {ours}; start a new run")
        elif status in FINAL and not self.checkpoint("last").exists():
            weights = f" from its weights: init_from={self.path}" if self.checkpoint("best").exists() else ""
            kept = self.config.get("checkpoints")
            raise ConfigError(
                f"run={self.path}: is {status} and kept no last.ckpt to go on from (checkpoints={kept}); "
                f"start a new run{weights}"
            )

    @property
    def has_folds_inside(self) -> bool:
        """Whether this is a job of cv.fold=all: fold0, fold1, … are the runs, and it has no checkpoint itself."""
        return self.config.get("cv", {}).get("fold") == "all"

    def has_same_files(self, config: dict[str, Any]) -> bool:
        """Whether the config's data are unchanged by the look of their files; False when one must read them to know."""
        result = self.result
        if "data_checksum" not in result:
            return True  # they were never read
        recorded, places = result.get("data_files"), ("root", "cache")
        if recorded is None or any(self.config["data"].get(key) != config["data"].get(key) for key in places):
            return False
        return recorded == stamps(recorded)

    def keep_checkpoints(self, count: int) -> None:
        """Removes those that a finished run does not keep: of 2 none, of 1 last.ckpt, of 0 both."""
        for name in ("last", "best")[: 2 - count]:
            self.checkpoint(name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Makes the run pending again; result.json goes first, so that a kill in between leaves nothing to resume."""
        (self.path / "result.json").unlink(missing_ok=True)
        self.rewind()

    def rewind(self) -> None:
        """Removes what training made; the result, and with it the identity of the run, stays."""
        for name in MADE:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        (self.path / "checkpoints").mkdir()

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
            status = getattr(error, "status", "failed")  # killed, when it was another process of the run
            ending = {"status": "interrupted"} if stopped else {"status": status, "traceback": format_exc()}
            error.run_path = self.path
            with suppress(OSError):  # a full disk must not hide what happened
                ending = {} if self.status in FINAL else ending  # a stop after the last figure takes nothing back
                self.write_result(**ending, seconds=round(time.monotonic() - began, 3))
            raise


def _read_config(file: Path) -> dict[str, Any]:
    """Plain values alone: written resolved, read by the safe loader, nothing in it evaluated, every target allowed."""
    try:
        config = yaml.load(file.read_text(encoding="utf-8"), SafeLoader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{file}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{file}: not the config of a run")
    for key, value in flatten(config).items():
        if "${" in str(value):
            raise ConfigError(f"{file}: {key}={value} is an interpolation; the config of a run is written resolved")
    check_targets(config)
    return config
