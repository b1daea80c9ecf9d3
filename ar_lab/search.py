"""A search from its command line to its answer: trials drawn, frozen, run and told, as many as the line asks for."""

import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from ar_lab import runs
from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.job import say
from ar_lab.multirun import compose_all, launch
from ar_lab.runs.recording import interruptible
from ar_lab.sweeps.plan import Job, Sweep, find, is_sweep, job_of, plan
from ar_lab.sweeps.records import figure_of, metric_of
from ar_lab.sweeps.search_space import SearchSpace, parse
from ar_lab.sweeps.stopping import asked
from ar_lab.sweeps.strategy import optuna
from ar_lab.sweeps.study import Study, Trial, recorded

Config = dict[str, Any]
PLACES = {"root", "cache"}  # where data lie, which a later line may say otherwise


def search(context: HydraContext, master: DictConfig, line: list[str]) -> int:
    """Searches the space on the line for the lowest figure; its exit code.

    Raises:
        ConfigError: when the line, or a value in its space, is invalid, before any trial was started.
    """
    optuna()
    space = with_all_folds(parse(line), master)
    probes = list(space.probes())
    configs = compose_all(context, master, probes)
    check_searchable(configs[0])
    planned = replace(plan(line, list(zip(probes, configs, strict=True))), jobs=())  # the probes are not trained
    if configs[0]["sweep"]["dry_run"]:
        return preview(planned, space, configs[0]["sweep"]["n_trials"])
    with planned.alone():
        if not is_sweep(planned.path):
            planned.freeze([])
        study = Study(planned.path, configs[0])
        study.claim(space, configs[0])
        return Search(context, master, space, planned, study, configs[0]).run()


def with_all_folds(space: SearchSpace, master: DictConfig) -> SearchSpace:
    """Under cv=kfold a trial is all folds in one job, unless the line names one.

    Raises:
        ConfigError: for repeats, which no job has inside.
    """
    keys = {override.partition("=")[0] for override in space.fixed}
    if master.cv.folds is None:
        return space
    if master.cv.repeats > 1 and "cv.repeat" not in keys:
        raise ConfigError(
            f"cv.repeats={master.cv.repeats}: a trial of sweep=optuna has the folds of one repeat; "
            "leave it out, or choose one by cv.repeat"
        )
    return space if "cv.fold" in keys else replace(space, fixed=(*space.fixed, "cv.fold=all"))


def check_searchable(config: Config) -> None:
    """Raises ConfigError when a trial would have no figure to be chosen by."""
    if config["task"]["name"] != "train" or config["run"] is not None:
        raise ConfigError("sweep=optuna: searches over trainings from the start; leave out task and run")
    if config["cv"]["folds"] is None and config["data"].get("validation") == 0:
        raise ConfigError(
            "sweep=optuna: chooses by the validation part, and data.validation=0 leaves none; "
            "use a share above 0, or cv=kfold"
        )


def preview(planned: Sweep, space: SearchSpace, n_trials: int) -> int:
    """Prints the jobs so far, and how many trials are done and left; writes nothing."""
    from ar_lab.tasks.preview import print_jobs

    trials = recorded(planned.path)
    if trials:
        print_jobs(find(planned.path))
    done = sum(trial.is_over for trial in trials)
    print(f"trials: {done} done, {left(trials, space, n_trials)} left; nothing was written")
    print(planned.path)
    return 0


def left(trials: Sequence[Trial], space: SearchSpace, n_trials: int) -> int:
    """How many trials are to run: those that were cut short, and new ones while a point is left to try."""
    new = max(n_trials - len(trials), 0) if has_untried(space, trials) else 0
    return new + sum(not trial.is_over for trial in trials)


def has_untried(space: SearchSpace, trials: Iterable[Trial]) -> bool:
    points = {tuple(sorted(trial.point.items())) for trial in trials}
    return space.size is None or len(points) < space.size


@dataclass
class Search:
    """The trials of one study, and the jobs that train them: one for all trials of the same values."""

    context: HydraContext
    master: DictConfig
    space: SearchSpace
    sweep: Sweep
    study: Study
    config: Config  # of the first probe
    jobs: dict[str, Job] = field(default_factory=dict)  # by id, in the order of their trials
    shown: list[Job] = field(default_factory=list)
    was_done: int = 0
    ran: bool = False  # whether a job was launched
    broken: bool = False  # by a job that failed, under sweep.fail_fast

    def run(self) -> int:
        """Goes on to `n_trials` trials, and sums up whatever became of them.

        Raises:
            ConfigError: when the data are no longer those of the trials so far.
        """
        from ar_lab.tasks.summarize import conclude

        self.recall()
        self.check_data()
        ended: LabError | Interrupted | None = None
        try:
            with interruptible((signal.SIGINT, signal.SIGTERM)), self.watching():
                self.go_on()
        except (LabError, Interrupted) as error:
            ended = error
        self.sweep = replace(self.sweep, jobs=tuple(self.jobs.values()))
        self.sweep.freeze([])
        conclude(self.sweep, skipped=self.was_done, ran=self.ran)
        if ended is not None:
            return say(f"{ended}; the same line goes on", ended.exit_code)
        return self.exit_code()

    def watching(self) -> AbstractContextManager[None]:
        """Shows how far the trials are while they run."""
        from ar_lab.report.live import watching

        in_children = self.config["launcher"]["name"] != "basic"  # or the jobs print their own progress
        return watching(
            self.shown,
            total=self.n_trials,
            table=in_children,
            metric=metric_of(self.config),
            stopping=lambda: asked(self.sweep.path),
        )

    @property
    def n_trials(self) -> int:
        return self.config["sweep"]["n_trials"]

    def recall(self) -> None:
        """Finds the jobs of earlier trials, as they were frozen."""
        known = {job.id: job for job in find(self.sweep.path).jobs}
        self.jobs = {trial.job: known[trial.job] for trial in self.study.trials if trial.job in known}
        self.shown.extend(self.jobs.values())
        self.was_done = sum(job.run.status == "done" for job in self.jobs.values())

    def check_data(self) -> None:
        """Raises ConfigError when a trial that is over was trained on other data: its figure ranks with no new one."""
        over = {trial.job for trial in self.study.trials if trial.state in ("COMPLETE", "PRUNED")}
        jobs = [(job.run, self.placed(job.config)) for job in self.jobs.values() if job.id in over]
        if all(run.has_same_files(config) for run, config in jobs):
            return
        from ar_lab.tasks.settling import confirm  # not above: it needs torch, and most lines do not come here

        try:
            confirm(jobs)
        except ConfigError as error:
            raise ConfigError(
                f"{error}; a search ranks all its trials on the same data: give the original ones, or choose another "
                "sweep.name or output"
            ) from error

    def placed(self, config: Config) -> Config:
        """The config of an earlier trial, with its data where this line has them."""
        here = {key: self.config["data"].get(key, config["data"][key]) for key in PLACES & config["data"].keys()}
        return {**config, "data": {**config["data"], **here}}

    def go_on(self) -> None:
        """Ends the trials that were cut short, then draws new ones."""
        at_once = self.master.launcher.get("n_jobs") or 1
        cut_short = [trial for trial in self.study.trials if not trial.is_over]
        if missing := left(self.study.trials, self.space, self.n_trials):
            print(f"{missing} trials to run, in {self.sweep.path}", file=sys.stderr, flush=True)
        while (cut_short or self.is_open()) and not self.broken:
            batch, cut_short = cut_short[:at_once], cut_short[at_once:]
            while len(batch) < at_once and self.is_open():
                batch.append(self.draw())
            self.train(batch, at_once)
        if len(self.study.trials) < self.n_trials and not self.broken:
            print(f"all {self.space.size} points of the space are tried", file=sys.stderr, flush=True)

    def is_open(self) -> bool:
        """Whether another trial is to be drawn: there are fewer than asked for, and a point is left to try."""
        trials = self.study.trials
        return len(trials) < self.n_trials and has_untried(self.space, trials)

    def draw(self) -> Trial:
        """The next trial; says so when no point came up but one that failed."""
        failed = self.study.failed()
        trial = self.study.ask(self.space)
        if trial.point in failed:
            print(f"trial {trial.number} repeats a point that failed, and has failed too", file=sys.stderr, flush=True)
        return trial

    def train(self, trials: Sequence[Trial], at_once: int) -> None:
        """Runs the jobs of some trials that are not done yet, and tells the study how those that are over ended."""
        jobs = {trial.number: job for trial in trials if (job := self.job(trial)) is not None}
        missing = {job.id: job for job in jobs.values() if not is_over(job)}
        self.sweep = replace(self.sweep, jobs=tuple(self.jobs.values()))
        self.sweep.freeze([job for job in missing.values() if not runs.is_run(job.path)])
        trials = [trial for trial in trials if trial.number in jobs]
        for trial in trials:
            self.study.assign(trial, jobs[trial.number].run)
        try:
            if missing:
                self.ran = True
                launch(list(missing.values()), self.sweep, self.launching(at_once))
        finally:
            self.tell(trials, jobs)

    def job(self, trial: Trial) -> Job | None:
        """The job of a trial; None, and the trial has failed, when its values cannot go together."""
        if trial.job in self.jobs:
            return self.jobs[trial.job]
        overrides = self.space.overrides(trial.point)
        try:
            (config,) = compose_all(self.context, self.master, [overrides])
        except ConfigError as error:
            print(f"trial {trial.number} failed: {error}", file=sys.stderr, flush=True)
            self.study.tell(trial, "failed")
            return None
        job = job_of(self.sweep.path, overrides, config)
        if job.id not in self.jobs:
            self.jobs[job.id] = job
            self.shown.append(job)
        return self.jobs[job.id]

    def launching(self, at_once: int) -> DictConfig:
        """The config that the launcher gets: as many jobs side by side as are drawn at once."""
        master = deepcopy(self.master)
        if "n_jobs" in master.launcher:
            OmegaConf.update(master, "launcher.n_jobs", at_once)
        return master

    def tell(self, trials: Iterable[Trial], jobs: dict[int, Job]) -> None:
        """Tells how jobs ended; a trial whose job was cut short goes on running, and the same line ends it."""
        for trial in trials:
            job = jobs[trial.number]
            if self.config["sweep"]["fail_fast"] and job.run.status in ("failed", "killed"):
                self.broken = True
            if is_over(job):
                self.study.tell(trial, job.run.status, figure_of(job))

    def exit_code(self) -> int:
        """0 when all trials are over and one has a figure: that others diverged is an answer too."""
        trials = self.study.trials
        cut_short = self.broken or any(not trial.is_over for trial in trials)
        return int(cut_short or not any(trial.state == "COMPLETE" for trial in trials))


def is_over(job: Job) -> bool:
    """Whether a trial of this job can be told how it ended."""
    return job.is_done() or job.run.status == "failed"
