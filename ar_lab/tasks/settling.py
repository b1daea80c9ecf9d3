"""Settling a run: the same line again shows what is done, goes on with what was cut short, and starts all else."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

from ar_lab import runs
from ar_lab.errors import ConfigError
from ar_lab.recall import OF_THE_START
from ar_lab.restore import read_checkpoint
from ar_lab.runs import Run
from ar_lab.runs.recording import alone, recorded
from ar_lab.runs.run import FINAL
from ar_lab.tasks.loading import changed, load_parts


def settle(config: dict[str, Any], work: Callable[[Run, dict[str, Any]], None]) -> Run:
    """The run that a config means, once it is done; `work` is called, and recorded, where something is left to do."""
    with runs.claimed(config) as run:
        if _is_to_run(run, config):
            with recorded(run):
                work(run, config)
        return run


def confirm(finished: Iterable[tuple[Run, dict[str, Any]]]) -> None:
    """Notes of finished runs whose files look changed that their data are the same, read once for all of a config.

    Raises:
        ConfigError: for the first whose data are others.
    """
    unsure = [(_of_data(config), run) for run, config in finished if not run.has_same_files(config)]
    while unsure:
        of_data = unsure[0][0]
        parts = load_parts(of_data)
        for run in [run for same, run in unsure if same == of_data]:
            # Of folds inside a job, the first one's.
            split = run.result["folds"][0]["split"] if run.has_folds_inside else run.result["split"]
            if change := changed(parts, {**run.result, "split": split}):
                raise ConfigError(f"{run.path}: {change}")
            with alone(run):
                run.write_result(data_files=parts.files)
        unsure = [(same, run) for same, run in unsure if same != of_data]


def _of_data(config: dict[str, Any]) -> dict[str, Any]:
    """What of a config decides its data, with the first fold for all of them."""
    cv = config["cv"]
    return {"data": config["data"], "cv": {**cv, "fold": 0} if cv["fold"] == "all" else cv}


def _is_to_run(run: Run, config: dict[str, Any]) -> bool:
    """Whether something is left to do in a claimed run, which is made ready for it."""
    standing = run.standing(config)
    if standing in ("unsure", "resume") and "data_checksum" in run.result:
        standing = _by_the_data(run, config, standing)
    if standing == "done":
        return False
    if standing in ("afresh", "new"):
        run.clear()
    elif config["cv"]["fold"] != "all" and not _is_to_go_on(run):  # folds inside a job have runs of their own
        run.rewind()
    told_to = config["run"] is not None  # not by what it was started by, which stays on record
    run.write_config({**config, **{key: run.config[key] for key in OF_THE_START if told_to and key in run.config}})
    return True


def _is_to_go_on(run: Run) -> bool:
    """Whether a run that was cut short has a checkpoint to go on from; says why not."""
    try:
        read_checkpoint(run.checkpoint("last"))
    except ConfigError as error:
        if run.status in FINAL:
            raise
        missing = not run.checkpoint("last").exists()
        reason = "it was cut short before its first last.ckpt" if missing else str(error)
        print(f"{run.path}: starts from the beginning: {reason}", file=sys.stderr, flush=True)
        return False
    return True


def _by_the_data(run: Run, config: dict[str, Any], standing: runs.Standing) -> runs.Standing:
    """The standing of a run whose data look changed, or that is to go on with them: told by the data themselves.

    Raises:
        ConfigError: when they are other data, and `run` says to go on.
    """
    if config["cv"]["fold"] == "all":
        return "resume"  # every fold inside is settled on its own
    parts = load_parts(config)
    change = changed(parts, run.result)
    if change is None:
        run.write_result(data_files=parts.files)
        return "done" if standing == "unsure" else standing
    if config["run"] is not None:
        remedy = "start a new run, or give the original ones by data.root= or data.path="
        raise ConfigError(f"run={run.path}: {change}; {remedy}")
    print(f"{run.path}: {change}; training starts afresh", file=sys.stderr, flush=True)
    return "afresh"
