"""`run=` and `refit=` on the line: the config of a run in place of today's defaults, and what of it may change."""

import json
import re
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from ar_lab import runs
from ar_lab.errors import ConfigError
from ar_lab.runs.differences import difference, flatten
from ar_lab.sweeps import plan

PRIMARY = "config"
RECALLED = "config_of_the_run"
# Groups that a later task may choose anew; every other comes from the run.
CHOOSABLE = ("task", "trainer", "logger", "sweep", "launcher")
# What a run was started by, and a later task is not.
OF_THE_START = ("sweep", "launcher")
# What a checkpoint's weights depend on, and what the state of its training depends on.
OF_THE_WEIGHTS = ("data", "cv", "model", "likelihood")
OF_THE_TRAINING = ("optimizer", "scheduler", "learner.ema", "learner.select", "seed", "init_from")
MOVABLE = ("data.root", "data.cache", "data.path")
# Tasks that no run is given to, and what they take instead.
WITHOUT_RUN = {"compare": "takes task.runs=[A,B]", "divergence": "fits a family of its own"}


def config_directory() -> Path:
    """configs/ of the wheel, else of the checkout."""
    package = Path(__file__).resolve().parent
    return next(place for place in (package / "configs", package.parent / "configs") if place.is_dir())


def recall(arguments: list[str], configs: Path) -> tuple[list[str], str]:
    """The command line without `run=`, and the name of the config that Hydra shall start from.

    `refit=` starts from the best configuration of a sweep, without its folds; a sweep as `run=` has no config itself.

    Raises:
        ConfigError: when there is no such run, its config is not to be trusted, or the line chooses its model anew.
    """
    run_path, sweep_path = _given("run", arguments), _given("refit", arguments)
    if run_path is None and sweep_path is None:
        return arguments, PRIMARY
    if run_path is not None and sweep_path is not None:
        raise ConfigError(f"run={run_path} refit={sweep_path}: both are where a config comes from; give one")
    if run_path is not None and plan.is_sweep(run_path):
        return arguments, PRIMARY
    if named := [argument for argument in arguments if argument.startswith(("--config-name", "-cn"))]:
        raise ConfigError(f"{named[0]}: the config comes from run= or refit=; leave one of the two out")
    rest = [argument for argument in arguments if not re.match(r"\+*(run|refit)=", argument)]
    chosen = _choices(rest, configs)
    if run_path is not None and (instead := WITHOUT_RUN.get(chosen.get("task"))):
        raise ConfigError(f"task={chosen['task']}: {instead}, and not run={run_path}; leave run= out")
    source = "run" if run_path is not None else "sweep"
    for group, value in chosen.items():
        if group not in CHOOSABLE:
            raise ConfigError(f"{group}={value}: the {group} comes from the {source}; leave it out, or start a new run")
    if run_path is not None:
        run = runs.find(run_path)
        own = {"run": str(run.chosen or run.path), "output": None}
        recalled = _primary({**run.config, **own}, run.path, chosen, configs)
    else:
        recalled = _refit(sweep_path, chosen, configs)
    ConfigStore.instance().store(RECALLED, recalled)
    return rest, RECALLED


def _given(key: str, arguments: list[str]) -> str | None:
    """The value of a key on the command line; None when it is not there, or null."""
    values = [argument.partition("=")[2] for argument in arguments if re.match(rf"\+*{key}=", argument)]
    path = values[-1].strip("'\"") if values else "null"
    return None if path == "null" else path


def _refit(path: str, chosen: dict[str, str], configs: Path) -> dict[str, Any]:
    """The config of a sweep's best configuration, on the data's own parts instead of a fold."""
    sweep = plan.find(path, key="refit")
    try:
        configurations = json.loads((sweep.path / "summary.json").read_text(encoding="utf-8"))["configurations"]
        best = next(entry for entry in configurations if entry["rank"] == 1)
        job = sweep.path / best["figures"][0]["path"].partition("/")[0]
    except (OSError, ValueError, LookupError, StopIteration) as error:
        raise ConfigError(f"refit={path}: no job of this sweep is done, so none is best; run its line again") from error
    config = {key: value for key, value in runs.Run(job).config.items() if key != "cv"}
    config["checkpoints"] = _today(configs).checkpoints  # those of a sweep's jobs are thrown away to save room
    return _primary({**config, "refit": str(sweep.path), "run": None, "output": None}, job, chosen, configs)


def _today(configs: Path) -> DictConfig:
    return OmegaConf.load(configs / f"{PRIMARY}.yaml")


def _choices(arguments: list[str], configs: Path) -> dict[str, str]:
    """The groups of configs/ that the command line chooses, with their values."""
    pairs = [re.fullmatch(r"[+~]*(\w+)(?:@[\w.]*)?=(.*)", argument, re.DOTALL) for argument in arguments]
    return {pair[1]: pair[2] for pair in pairs if pair and (configs / pair[1]).is_dir()}


def _primary(config: dict[str, Any], where: Path, chosen: dict[str, str], configs: Path) -> dict[str, Any]:
    """A run's config without the groups that are chosen anew, with those that it lacks and the settings of Hydra."""
    for key in ("hydra", "defaults"):
        if key in config:
            raise ConfigError(f"{where}/config.yaml: {key} has no place in the config of a run")
    today = _today(configs)
    task = config["task"].get("name") if isinstance(config.get("task"), dict) else "train"
    anew = {key for key in chosen if (key, chosen[key]) != ("task", task)}.union(OF_THE_START)
    kept = {key: value for key, value in config.items() if key not in anew}
    groups = {str(key): value for entry in today.defaults if entry != "_self_" for key, value in entry.items()}
    settings = [{key: value} for key, value in groups.items() if key.startswith("override ")]
    defaults = {group: value for group, value in groups.items() if group not in kept and value and "/" not in group}
    if "task" in kept:
        defaults["task"] = task
    return {
        "defaults": [*({group: value} for group, value in defaults.items()), *settings, "_self_"],
        **kept,
        "hydra": today.hydra,
    }


def check_unchanged(config: dict[str, Any]) -> None:
    """Holds a checked config with `run=` against the run.

    Raises:
        ConfigError: for a changed value that the run's checkpoint depends on, less training than there was, or a sweep.
    """
    if plan.is_sweep(config["run"]):
        jobs = len(plan.find(config["run"]).jobs)
        raise ConfigError(f"run={config['run']}: a sweep of {jobs} jobs; name one of them, or use task=summarize")
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
        _check_stands_alone(run, config)
        _check_goes_on(run, config["trainer"]["max_steps"])


def _check_stands_alone(run: runs.Run, config: dict[str, Any]) -> None:
    """Raises ConfigError for a changed value in a part of something larger, which knows its parts by their configs."""
    found, around = difference(run.config, config), run.path.parent
    if found is None:
        return
    if plan.is_sweep(around):
        whole = f"a job of the sweep {around}"
    elif runs.is_run(around) and runs.Run(around).has_folds_inside:
        whole = f"a fold of {around}"
    else:
        return
    key, before, now = found
    weights = "" if run.has_folds_inside else f", from its weights by init_from={run.path}"
    raise ConfigError(
        f"{key}={now}: {run.path} has {before} and is {whole}, which knows it by its config; "
        f"leave it out, or start a new run{weights}"
    )


def _check_goes_on(run: runs.Run, max_steps: int) -> None:
    done = run.result.get("steps")
    if done is not None and 0 < max_steps < done:
        raise ConfigError(f"trainer.max_steps={max_steps}: the run has {done} steps already; give more")
