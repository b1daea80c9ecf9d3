"""The command: composes a config, checks it, and hands it to a task; imports nothing heavy before a task needs it."""

import importlib
import io
import os
import re
import signal
import sys
import traceback
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ar_lab import runs
from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.memory import keep_freed_blocks
from ar_lab.recall import check_unchanged, recall
from ar_lab.runs.recording import interruptible
from ar_lab.schema.complaints import in_one_line

MISTAKE = ConfigError.exit_code


def main(argv: list[str] | None = None) -> int:
    """Runs one command line; returns its exit code: 0 done, 1 failed, 2 wrong, 128 + signal interrupted."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # or Hydra prints and exits itself
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # or torch's threads collapse as soon as anything else runs
    codes: list[int] = []
    program, called_with = sys.argv[0], sys.argv
    line = sys.argv[1:] if argv is None else argv

    def job(composed: DictConfig) -> None:
        sys.argv = [program, *line]  # what Lightning repeats when it starts further processes
        codes.append(run_job(composed))

    try:
        with interruptible([signal.SIGTERM]):  # a training replaces that by what names its run
            arguments, name = recall(line, config_directory())
            arguments = overrides_last(arguments)
            check_flags(arguments)
            sys.argv = [program, *arguments]
            hydra.main(version_base="1.3", config_path=str(config_directory()), config_name=name)(job)()
    except (HydraException, OmegaConfBaseException) as error:
        return say(in_one_line(error), MISTAKE)
    except (LabError, Interrupted) as error:
        return say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return say("interrupted by SIGINT", 130)
    finally:
        sys.argv = called_with
    return codes[0] if len(set(codes)) == 1 else int(any(codes))


def check_flags(arguments: list[str]) -> None:
    """Raises ConfigError for flags that Hydra does not have, in place of its page of usage."""
    complaint = io.StringIO()
    try:
        with redirect_stderr(complaint):
            get_args_parser().parse_args(arguments)
    except SystemExit as ended:
        if not ended.code:  # --version, answered
            raise
        reason = complaint.getvalue().splitlines()[-1].partition("error: ")[2]
        raise ConfigError(f"{reason}; --hydra-help lists the flags") from None


def overrides_last(arguments: list[str]) -> list[str]:
    """Hydra takes its overrides in one block alone; people write `-m` anywhere among them."""
    overrides = [argument for argument in arguments if re.match(r"~|[+\w./@]+=", argument)]
    flags = [argument for argument in arguments if argument not in overrides]
    return [*flags, "--", *overrides] if flags and "--" not in flags else arguments


def config_directory() -> Path:
    """configs/ of the wheel, else of the checkout."""
    package = Path(__file__).resolve().parent
    return next(place for place in (package / "configs", package.parent / "configs") if place.is_dir())


def say(line: str, exit_code: int) -> int:
    """Tells the user in one line on standard error."""
    print(f"ar_lab: {' '.join(line.split())}", file=sys.stderr)
    return exit_code


def run_job(composed: DictConfig) -> int:
    """Checks and runs one job; a failure is said here, so that it does not end the other jobs of a sweep."""
    try:
        config = checked(composed)
        if not show_if_finished(config):
            keep_freed_blocks()
            name = config["task"]["name"]
            getattr(importlib.import_module(f"ar_lab.tasks.{name}"), name)(config)
    except (HydraException, OmegaConfBaseException) as error:
        return say(in_one_line(error), MISTAKE)
    except LabError as error:
        return say(str(error), error.exit_code)
    except Exception as error:
        return say(failure(error), 1)
    return 0


def checked(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain containers, every value resolved and checked."""
    # Here, since the check costs a quarter of a second that --help and --cfg need not pay.
    from ar_lab.schema.check import check

    config = check(OmegaConf.to_container(composed, resolve=True, throw_on_missing=True))
    if config["run"] is not None:
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
    if not run.finished_like(config):
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


if __name__ == "__main__":
    sys.exit(main())
