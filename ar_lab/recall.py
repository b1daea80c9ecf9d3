"""`run=DIR` on the command line: the config of that run in place of today's defaults, and what of it may change."""

import re
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from ar_lab import runs
from ar_lab.errors import ConfigError
from ar_lab.runs.differences import flatten

PRIMARY = "config"
RECALLED = "config_of_the_run"
# Groups that a later task may choose anew; every other comes from the run.
CHOOSABLE = ("task", "trainer", "logger")
# What a checkpoint's weights depend on, and what the state of its training depends on.
OF_THE_WEIGHTS = ("data", "model", "likelihood")
OF_THE_TRAINING = ("optimizer", "scheduler", "learner.ema", "seed", "init_from")
MOVABLE = ("data.root", "data.cache", "data.path")


def recall(arguments: list[str], configs: Path) -> tuple[list[str], str]:
    """The command line without `run=`, and the name of the config that Hydra shall start from.

    Raises:
        ConfigError: when there is no such run, its config is not to be trusted, or the line chooses its model anew.
    """
    given = [argument for argument in arguments if re.match(r"\+*run=", argument)]
    path = given[-1].partition("=")[2].strip("'\"") if given else "null"
    if path == "null":
        return arguments, PRIMARY
    if named := [argument for argument in arguments if argument.startswith(("--config-name", "-cn"))]:
        raise ConfigError(f"{named[0]}: the config comes from the run; leave it out, or leave run= out")
    rest = [argument for argument in arguments if argument not in given]
    chosen = _choices(rest, configs)
    for group, value in chosen.items():
        if group not in CHOOSABLE:
            raise ConfigError(f"{group}={value}: the {group} comes from the run; leave it out, or start a new run")
    run = runs.find(path)
    ConfigStore.instance().store(RECALLED, _primary(run, chosen, configs))
    return rest, RECALLED


def _choices(arguments: list[str], configs: Path) -> dict[str, str]:
    """The groups of configs/ that the command line chooses, with their values."""
    pairs = [re.fullmatch(r"[+~]*(\w+)(?:@[\w.]*)?=(.*)", argument, re.DOTALL) for argument in arguments]
    return {pair[1]: pair[2] for pair in pairs if pair and (configs / pair[1]).is_dir()}


def _primary(run: runs.Run, chosen: dict[str, str], configs: Path) -> dict[str, Any]:
    """The run's config without the groups that are chosen anew, and today's settings of Hydra."""
    config = run.config
    for key in ("hydra", "defaults"):
        if key in config:
            raise ConfigError(f"{run.path}/config.yaml: {key} has no place in the config of a run")
    today = OmegaConf.load(configs / f"{PRIMARY}.yaml")
    task = config["task"].get("name") if isinstance(config.get("task"), dict) else "train"
    kept = {key: value for key, value in config.items() if key not in chosen or (key, chosen[key]) == ("task", task)}
    defaults = [{group: task if group == "task" else "default"} for group in CHOOSABLE if group in ("task", *chosen)]
    settings = [entry for entry in today.defaults if any(str(key).startswith("override ") for key in entry)]
    return {
        "defaults": [*defaults, *settings, "_self_"],
        **kept,
        "run": str(run.chosen or run.path),
        "output": None,
        "hydra": today.hydra,
    }


def check_unchanged(config: dict[str, Any]) -> None:
    """Holds a checked config with `run=` against the run.

    Raises:
        ConfigError: for a changed value that the run's checkpoint depends on, or less training than there was.
    """
    run = runs.find(config["run"])
    if config["output"] is not None:
        raise ConfigError(
            f"output={config['output']}: {config['task']['name']} writes into run={run.path}; leave it out"
        )
    before, now = flatten(run.config), flatten(config)
    fixed = OF_THE_WEIGHTS + (OF_THE_TRAINING if config["task"]["name"] == "train" else ())
    for key, value in now.items():
        if key not in MOVABLE and any(f"{key}.".startswith(f"{part}.") for part in fixed) and value != before.get(key):
            raise ConfigError(
                f"{key}={value}: the run has {before.get(key)}, and its checkpoint depends on it; "
                "leave it out, or start a new run"
            )
    if config["task"]["name"] == "train":
        _check_goes_on(run, config["trainer"]["max_steps"])


def _check_goes_on(run: runs.Run, max_steps: int) -> None:
    done = run.result.get("steps")
    if done is not None and 0 < max_steps < done:
        raise ConfigError(f"trainer.max_steps={max_steps}: the run has {done} steps already; give more")
