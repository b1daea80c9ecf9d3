"""The command: composes a config, checks it, and hands it to a task; imports nothing heavy before a task needs it."""

import io
import os
import re
import signal
import sys
from contextlib import redirect_stderr

import hydra
from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.job import MISTAKE, run_composed, say
from ar_lab.recall import config_directory, recall
from ar_lab.runs.recording import interruptible
from ar_lab.schema.complaints import in_one_line


def main(argv: list[str] | None = None) -> int:
    """Runs one command line; returns its exit code: 0 done, 1 failed, 2 wrong, 128 + signal interrupted."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # or Hydra prints and exits itself
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # or torch's threads collapse as soon as anything else runs
    codes: list[int] = []
    program, called_with = sys.argv[0], sys.argv
    line = sys.argv[1:] if argv is None else argv

    def job(composed: DictConfig) -> None:
        sys.argv = [program, *line]  # what Lightning repeats when it starts further processes
        codes.append(run_composed(composed))

    job.ended = codes.append  # where a sweeper leaves the exit code of its sweep
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
            flags = get_args_parser().parse_args(arguments)
    except SystemExit as ended:
        if not ended.code:  # --version, answered
            raise
        reason = complaint.getvalue().splitlines()[-1].partition("error: ")[2]
        raise ConfigError(f"{reason}; --hydra-help lists the flags") from None
    if flags.multirun and (flags.cfg or flags.info):
        raise ConfigError("-m with --cfg or --info: these are about one job; leave -m and the several values out")


def overrides_last(arguments: list[str]) -> list[str]:
    """Hydra takes its overrides in one block alone; people write `-m` anywhere among them."""
    overrides = [argument for argument in arguments if re.match(r"~|[+\w./@]+=", argument)]
    flags = [argument for argument in arguments if argument not in overrides]
    return [*flags, "--", *overrides] if flags and "--" not in flags else arguments


if __name__ == "__main__":
    sys.exit(main())
