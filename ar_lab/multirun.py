"""A sweep from its command line to its answer: jobs composed and frozen, the missing ones run, all summed up."""

import os
import signal
import sys
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.config_repository import CachingConfigRepository
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.job import checked, run_checked, said, say, work
from ar_lab.runs.recording import interruptible
from ar_lab.schema.complaints import in_one_line
from ar_lab.sweeps.plan import Job, Sweep, plan
from ar_lab.sweeps.stopping import asked, stoppable, withdraw

Config = dict[str, Any]


def grid(context: HydraContext, master: DictConfig, preset: list[str], line: list[str]) -> int:
    """Runs every combination of the values on the line, and of those preset by the config, as one sweep; its exit code.

    Raises:
        ConfigError: when a job is invalid, before any was started.
    """
    check_counts(master)
    parsed = OverridesParser.create(config_loader=context.config_loader).parse_overrides([*preset, *line])
    refuse_varying(parsed)
    combinations = BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]
    if not combinations:
        empty = [o.input_line for o in parsed if o.is_sweep_override() and not list(o.sweep_string_iterator())]
        raise ConfigError(f"{' '.join(empty)}: an empty range, so there is no job")
    configs = compose_all(context, master, combinations)
    if any(config["task"]["name"] != "train" or config["run"] is not None for config in configs):
        codes = [said(lambda config=config: run_checked(config)) for config in configs]
        return codes[0] if len(set(codes)) == 1 else int(any(codes))
    sweep = plan(line, list(zip(combinations, configs, strict=True)))
    if configs[0]["sweep"]["dry_run"]:
        from ar_lab.tasks.preview import preview  # reads much, and a sweep that runs does not need it

        preview(sweep)
        return 0
    with sweep.alone():
        return run(sweep, master)


def check_counts(master: DictConfig) -> None:
    """Raises ConfigError where the folds of cv=kfold cannot be counted."""
    for key, least in (("folds", 2), ("repeats", 1)):
        value = master.cv[key]
        if master.hydra.sweeper.get("params") and (not isinstance(value, int) or value < least):
            raise ConfigError(f"cv.{key}={value}: must be a whole number, at least {least}")


def refuse_varying(overrides: Sequence[Override]) -> None:
    """Raises ConfigError for several values of what says how many folds there are: the folds are counted by one."""
    for override in overrides:
        if override.is_sweep_override() and override.get_key_element() in ("cv.folds", "cv.repeats"):
            raise ConfigError(f"{override.input_line}: one number a sweep; use a line for each")


def compose_all(context: HydraContext, master: DictConfig, combinations: Sequence[Sequence[str]]) -> list[Config]:
    """The checked config of every job.

    Raises:
        ConfigError: naming the first invalid job, and how many there are.
    """
    configs, complaints = [], []
    if not isinstance(context.config_loader.repository, ReadOnce):  # a search composes trial by trial
        context.config_loader.repository = ReadOnce(context.config_loader.repository)
    for overrides in combinations:
        try:
            composed = context.config_loader.load_sweep_config(master, list(overrides))
            with open_dict(composed):
                del composed["hydra"]
            configs.append(checked(composed))
        except (HydraException, OmegaConfBaseException, ConfigError) as error:
            complaints.append(str(error) if isinstance(error, ConfigError) else in_one_line(error))
    if complaints:
        several = len(combinations) > 1
        found = f"{len(complaints)} of {len(combinations)} jobs invalid, none was started: " if several else ""
        raise ConfigError(found + "; ".join(dict.fromkeys(complaints)))
    return configs


def run(sweep: Sweep, master: DictConfig) -> int:
    """Launches the jobs that are not done, and sums up whatever became of them."""
    from ar_lab.report.live import watching
    from ar_lab.tasks.summarize import conclude

    missing = [job for job in sweep.jobs if not job.is_done()]
    to_run = sweep.freeze(missing)
    ended: LabError | Interrupted | None = None
    for job in missing:
        if job not in to_run:
            print(f"{job.path}: another process runs there, and is left to it", file=sys.stderr, flush=True)
    if to_run:
        jobs = f"{len(sweep.jobs)} job{'s' if len(sweep.jobs) > 1 else ''}"
        print(f"{jobs}, {len(to_run)} to run, in {sweep.path}", file=sys.stderr, flush=True)
        withdraw(sweep.path)
        try:
            table = master.launcher.name != "basic"  # whose jobs print for themselves
            shown = watching(sweep.jobs, table=table, stopping=lambda: asked(sweep.path))
            with interruptible((signal.SIGINT, signal.SIGTERM)), shown:
                launch(to_run, sweep, master)
        except (LabError, Interrupted) as error:
            ended = error
    complete = conclude(sweep, skipped=len(sweep.jobs) - len(missing), ran=bool(to_run))
    if ended is not None:
        return say(f"{ended}; the same line goes on", ended.exit_code)
    return 0 if complete else 1


def launch(jobs: Sequence[Job], sweep: Sweep, master: DictConfig) -> None:
    """Gives the jobs to the launcher that the line chooses.

    Raises:
        LabError: when it fails itself.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a Ray that is started here would report to its makers
    master = deepcopy(master)
    with open_dict(master):
        master.hydra.sweep.dir = str(sweep.path)
    context = HydraContext(config_loader=FrozenLoader(), callbacks=Callbacks())
    try:
        launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=work, config=master)
        with stoppable(sweep.path):
            for ended in launcher.launch([[f"output={job.path}"] for job in jobs], initial_job_idx=0):
                _ = ended.return_value  # raises what went wrong beside the job
    except LabError:
        raise
    except Exception as error:  # not of a job: of what was to run it
        raise LabError(f"launcher={master.launcher.name}: {type(error).__name__}: {error}") from error


class ReadOnce(CachingConfigRepository):
    """Reads every YAML file once for all jobs of a sweep, which are then composed from the same text, and faster."""

    def load_config(self, config_path: str) -> ConfigResult | None:
        return deepcopy(super().load_config(config_path))  # Hydra writes into what it composes

    def __deepcopy__(self, memo: dict[int, Any]) -> "ReadOnce":
        return self  # Hydra copies its repository for every composition


class FrozenLoader(ConfigLoader):
    """Gives launchers, in whatever process, a config that only names the job's directory: nothing is composed again."""

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        config = deepcopy(master_config)
        OmegaConf.update(config, "output", sweep_overrides[0].partition("=")[2])
        return config

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a frozen job is not composed again")

    load_configuration = get_search_path = get_sources = list_groups = get_group_options = compute_defaults_list = (
        _refuse
    )
