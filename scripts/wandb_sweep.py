"""A W&B sweep over the search space of a line, the same that sweep=optuna takes; W&B's servers then choose the trials.

python scripts/wandb_sweep.py --output sweep.yaml model=charrnn 'optimizer.lr=tag(log,interval(1e-4,1e-2))'
wandb sweep sweep.yaml            # needs an account; prints the id for: wandb agent ID
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ar_lab.__main__ import config_directory
from ar_lab.errors import ConfigError, LabError
from ar_lab.job import MISTAKE, checked, say
from ar_lab.runs import write_atomically
from ar_lab.schema.complaints import in_one_line
from ar_lab.sweeps.identity import key_of
from ar_lab.sweeps.search_space import Choice, Dimension, SearchSpace, parse

METRIC = "validation/nats_per_dim"  # what a run leaves in its W&B summary; the test part must choose nothing


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=Path, help="the file to write")
    parser.add_argument("overrides", nargs="*", help="the line of one run, with a search space in Hydra's syntax")
    arguments = parser.parse_args(argv)
    try:
        space = online(parse(arguments.overrides))
        check(space)
        write_atomically(arguments.output, yaml.safe_dump(sweep(space), sort_keys=False))
    except (HydraException, OmegaConfBaseException) as error:
        return say(in_one_line(error), MISTAKE)
    except LabError as error:
        return say(str(error), error.exit_code)
    except OSError as error:
        return say(f"--output {arguments.output}: cannot be written ({error.strerror})", 1)
    print(arguments.output)
    return 0


def online(space: SearchSpace) -> SearchSpace:
    """The space of runs that report to W&B.

    Raises:
        ConfigError: where the line chooses another logger, or more than one run a trial.
    """
    fixed = {key_of(override): override for override in space.fixed}
    for key, override in fixed.items():
        if key.partition(".")[0] in ("cv", "sweep"):
            raise ConfigError(f"{override}: a trial of a W&B sweep is one run; leave it out, or use sweep=optuna")
    if "logger" in fixed and fixed["logger"] != "logger=wandb":
        raise ConfigError(f"{fixed['logger']}: a W&B sweep needs logger=wandb")
    return SearchSpace(
        (*(o for key, o in fixed.items() if key != "logger.mode"), "logger.mode=online"), space.dimensions
    )


def check(space: SearchSpace) -> None:
    """Raises ConfigError, or one of Hydra's, for a choice or an end of an interval that no run can have."""
    with initialize_config_dir(str(config_directory()), version_base="1.3"):
        for probe in space.probes():
            checked(compose("config", probe))


def sweep(space: SearchSpace) -> dict[str, Any]:
    """The file's content; ${args_no_hyphens} becomes KEY=VALUE for every parameter."""
    return {
        "program": "ar_lab",
        "method": "bayes",
        "metric": {"name": METRIC, "goal": "minimize"},
        "parameters": {dimension.key: parameter(dimension) for dimension in space.dimensions},
        "command": ["${env}", "${interpreter}", "-m", "ar_lab", *space.fixed, "${args_no_hyphens}"],
    }


def parameter(dimension: Dimension) -> dict[str, Any]:
    """One dimension in W&B's words; steps become the values they lead to.

    Raises:
        ConfigError: for integers on a logarithmic scale, which W&B draws as floating-point numbers.
    """
    if isinstance(dimension, Choice):
        return {"values": [number_or_text(value) for value in dimension.values]}
    low, high, step = dimension.low, dimension.high, dimension.step
    if dimension.log and step is not None:
        raise ConfigError(f"{dimension.key}: W&B has no integers on a logarithmic scale; use choice(…)")
    if step is None:
        return {"min": low, "max": high, "distribution": "log_uniform_values" if dimension.log else "uniform"}
    if step == 1 and isinstance(low, int):
        return {"min": low, "max": high, "distribution": "int_uniform"}
    return {"values": [round(low + step * i, 12) for i in range(dimension.size)]}


def number_or_text(value: str) -> int | float | str:
    """Numbers as such, so that W&B orders them; all else as on the line, for it is given back in Python's spelling."""
    for kind in (int, float):
        try:
            if str(kind(value)) == value:
                return kind(value)
        except ValueError:
            continue
    return value


if __name__ == "__main__":
    sys.exit(main())
