"""One job: a composed config, checked and handed to its task; or one that a sweep has frozen in a directory."""

import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ar_lab import runs
from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.memory import keep_freed_blocks
from ar_lab.recall import check_unchanged
from ar_lab.runs import Run
from ar_lab.runs.recording import alone
from ar_lab.schema.complaints import in_one_line
from ar_lab.sweeps import pool
from ar_lab.sweeps.machine import Slot, divide, gpus
from ar_lab.sweeps.plan import find as find_sweep
from ar_lab.sweeps.stopping import ask, asked

MISTAKE = ConfigError.exit_code
PRELOAD = ("ar_lab.__main__", "ar_lab.tasks.train")  # what a child needs, imported once for all of them


def run_composed(composed: DictConfig) -> int:
    """Checks and runs one job of the command line; its exit code."""
    return said(lambda: run_checked(checked(composed)))


def run_frozen(directory: str | Path) -> int:
    """Runs, or goes on with, the job whose config lies in a directory; its exit code."""
    return said(lambda: run_checked({**runs.find(directory).config, "output": str(directory)}))


def work(composed: DictConfig) -> None:
    """What launchers call for a job of a sweep, wherever they run it; how it ended stands in its result.json.

    In this process under launcher=basic, in a child of its own under any other.
    """
    job = Run(Path(composed.output))
    sweep = job.path.parent
    if asked(sweep):
        return
    if composed.launcher.name == "basic":
        run_frozen(job.path)
    else:
        with suppress(Interrupted):  # the job alone, unless the whole sweep is asked to stop
            in_children([job.path], divide(1, composed.launcher.threads))
    if composed.sweep.fail_fast and job.status in ("failed", "killed"):
        ask(sweep)


def side_by_side(outputs: Sequence[str], composed: DictConfig) -> None:
    """Runs frozen jobs under launcher=process, as many at a time as this machine has room for."""
    usable = [] if composed.trainer.accelerator == "cpu" else gpus()
    devices = composed.trainer.devices
    each = max(1, len(usable)) if devices == "auto" else devices  # a job of several processes leases a GPU for each
    slots = divide(composed.launcher.n_jobs, composed.launcher.threads, usable, each)
    in_children([Path(output) for output in outputs], slots, composed.sweep.fail_fast)


def in_children(jobs: Sequence[Path], slots: Sequence[Slot], fail_fast: bool = False) -> None:
    sweep = jobs[0].parent
    pool.run(jobs, "ar_lab.job:run_frozen", slots, fail_fast, stop=lambda: asked(sweep), preload=PRELOAD)


def said(job: Callable[[], None]) -> int:
    """Runs a job; a failure is said here in one line, so that it does not end the other jobs of a sweep."""
    try:
        job()
    except (HydraException, OmegaConfBaseException) as error:
        return say(in_one_line(error), MISTAKE)
    except LabError as error:
        return say(str(error), error.exit_code)
    except Exception as error:
        return say(failure(error), 1)
    return 0


def run_checked(config: dict[str, Any]) -> None:
    """Hands a checked config to its task, unless it is a training that is done already."""
    if not show_if_finished(config):
        keep_freed_blocks()
        name = config["task"]["name"]
        getattr(importlib.import_module(f"ar_lab.tasks.{name}"), name)(config)


def checked(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain containers, every value resolved and checked."""
    # Here, since the check costs a quarter of a second that --help and --cfg need not pay.
    from ar_lab.schema.check import check

    config = check(OmegaConf.to_container(composed, resolve=True, throw_on_missing=True))
    if config["task"]["name"] == "summarize":
        find_sweep(config["run"])
    elif config["run"] is not None:
        check_unchanged(config)
    if config["init_from"] is not None:
        runs.find(config["init_from"], key="init_from")
    return config


def show_if_finished(config: dict[str, Any]) -> bool:
    """Prints the saved table of a training that is done already, without importing torch."""
    place = config["run"] or config["output"]
    if config["task"]["name"] != "train" or place is None or not runs.is_run(place):
        return False
    run = runs.find(place)
    if run.standing(config) != "done":
        with alone(run):  # or another process is named only once torch is there
            return False
    from ar_lab.report.table import print_result

    print_result(run.result, run.path)
    return True


def failure(error: Exception) -> str:
    """What failed, and where the traceback is: in the run's result.json, or above when there is no run yet."""
    line = f"{type(error).__name__}: {error}"
    run_path = getattr(error, "run_path", None)
    if run_path is not None:
        return f"{line}; the traceback is in {run_path / 'result.json'}"
    traceback.print_exception(error)
    return line


def say(line: str, exit_code: int) -> int:
    """Tells the user in one line on standard error."""
    print(f"ar_lab: {' '.join(line.split())}", file=sys.stderr)
    return exit_code
