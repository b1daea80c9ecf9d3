"""The study of a search: Optuna's record of its trials, one SQLite file, from which the next trial is drawn."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ar_lab.errors import ConfigError
from ar_lab.runs import Run
from ar_lab.runs.differences import difference
from ar_lab.sweeps.search_space import SearchSpace, Value
from ar_lab.sweeps.strategy import make_distribution, make_pruner, make_sampler, optuna, steps

STUDY = "study.db"  # in the directory of the sweep
TRIAL = "trial.json"  # in the directory of a job that the study may stop: the number of its trial
NAME = "ar_lab"
AT_RANDOM = {"sampler": "random"}  # where what the settings say knows no point but those that failed
SECONDS_TO_WAIT = 60  # for another process that writes to the study
STATES = {"done": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}  # what the study calls a job's last status


@dataclass(frozen=True)
class Trial:
    """A point of the space; `job` is the id of the job that trains it, once that is known."""

    number: int
    point: Mapping[str, Value]
    state: str  # RUNNING, COMPLETE, PRUNED or FAIL
    figure: float | None
    job: str | None

    @property
    def is_over(self) -> bool:
        return self.state != "RUNNING"


class Study:
    """The study in a sweep's directory.

    Every trial is drawn by a sampler of its own seed: a search that is interrupted and gone on with draws the trials
    that it would have drawn at once.
    """

    def __init__(self, path: Path, config: Mapping[str, Any]):
        self.path = path
        self.settings = config["sweep"]
        self.study = _open(path, make_pruner(self.settings, steps(config)))

    def claim(self, space: SearchSpace, config: dict[str, Any]) -> None:
        """Notes what is searched, and the config of one point of the space.

        Raises:
            ConfigError: when the study there is another one.
        """
        dimensions, remedy = repr(space.dimensions), "choose another sweep.name or output"
        if not self.study.user_attrs:
            self.study.set_user_attr("space", dimensions)
            self.study.set_user_attr("config", config)
        elif self.study.user_attrs["space"] != dimensions:
            raise ConfigError(f"{self.path}: holds a search of another space; {remedy}")
        elif found := difference(self.study.user_attrs["config"], config):
            key, theirs, ours = found
            raise ConfigError(f"{self.path}: holds a search with {key}={theirs}, this one has {key}={ours}; {remedy}")

    @property
    def trials(self) -> list[Trial]:
        """All there are, by number."""
        return [_trial(trial) for trial in self.study.get_trials(deepcopy=False)]

    def ask(self, space: SearchSpace) -> Trial:
        """Draws the next trial: at a point that did not fail before, where one comes up."""
        from ar_lab.sweeps.redrawing import Redrawing  # here: it imports optuna

        number = len(self.trials)
        distributions = {dimension.key: make_distribution(dimension) for dimension in space.dimensions}
        samplers = [make_sampler(settings, number) for settings in (self.settings, {**self.settings, **AT_RANDOM})]
        self.study.sampler = Redrawing(samplers, distributions, self.failed())
        self.study.ask(distributions)
        return self.trials[number]

    def failed(self) -> list[Mapping[str, Value]]:
        """The points of the trials that failed."""
        return [trial.point for trial in self.trials if trial.state == "FAIL"]

    def assign(self, trial: Trial, job: Run) -> None:
        """Notes which job trains a trial, in the job too where the study may stop it."""
        _live(self.study, trial.number).set_user_attr("job", job.path.name)
        if self.settings["pruner"] != "none":
            (job.path / TRIAL).write_text(json.dumps({"number": trial.number}))

    def tell(self, trial: Trial, status: str, figure: float | None = None) -> None:
        """Ends a trial by the last status of its job; a job that is done without a figure failed all the same."""
        state = "FAIL" if status == "done" and figure is None else STATES[status]
        values = figure if state == "COMPLETE" else None
        self.study.tell(trial.number, values, state=optuna().trial.TrialState[state])

    def importances(self) -> dict[str, float]:
        """The share of each dimension in the figure's variance over the space, by a random forest (fANOVA).

        Hutter, Hoos and Leyton-Brown, 2014. Empty when the trials so far cannot tell.
        """
        figures = {trial.figure for trial in self.trials if trial.state == "COMPLETE"}
        if len(figures) < 2:
            return {}
        importance = optuna().importance
        return importance.get_param_importances(self.study, evaluator=importance.FanovaImportanceEvaluator(seed=0))


def stopper(run: Run, config: Mapping[str, Any]) -> Callable[[int, float], bool] | None:
    """What tells the study of a job its figure at some step, and answers whether to give the job up.

    Steps are percents of a training or, under cv.fold=all, folds. None where no study waits for this job.
    """
    settings, trial_file = config["sweep"], run.path / TRIAL
    if settings["strategy"] != "optuna" or settings["pruner"] == "none" or not trial_file.is_file():
        return None
    study = _open(run.path.parent, make_pruner(settings, steps(config)))
    number = json.loads(trial_file.read_text())["number"]
    if study.get_trials(deepcopy=False)[number].state != optuna().trial.TrialState.RUNNING:
        return None  # a job of a search that is over, gone on with for its own sake
    trial = _live(study, number)

    def stops(step: int, figure: float) -> bool:
        if step not in study.get_trials(deepcopy=False)[number].intermediate_values:  # or it was gone on with
            trial.report(figure, step)
        return bool(trial.should_prune())

    return stops


def recorded(path: Path) -> list[Trial]:
    """The trials of the study in a directory, none where there is no study; writes nothing."""
    if not (path / STUDY).is_file():
        return []
    try:
        study = optuna().load_study(study_name=NAME, storage=_storage(path))
    except KeyError:  # its process was killed between the file and the study in it
        return []
    return [_trial(trial) for trial in study.get_trials(deepcopy=False)]


def counts(trials: list[Trial]) -> dict[str, int]:
    """How many trials are in which state."""
    found = Counter(trial.state for trial in trials)
    return {"total": len(trials), **{state.lower(): found[state] for state in (*STATES.values(), "RUNNING")}}


def _open(path: Path, pruner: Any) -> Any:
    return optuna().create_study(
        study_name=NAME, storage=_storage(path), direction="minimize", pruner=pruner, load_if_exists=True
    )


def _storage(path: Path) -> Any:
    patience = {"connect_args": {"timeout": SECONDS_TO_WAIT}}
    return optuna().storages.RDBStorage(f"sqlite:///{path / STUDY}", engine_kwargs=patience)


def _live(study: Any, number: int) -> Any:
    """A running trial that takes reports and notes."""
    return optuna().trial.Trial(study, study.get_trials(deepcopy=False)[number]._trial_id)


def _trial(frozen: Any) -> Trial:
    figure = frozen.value if frozen.state.name == "COMPLETE" else None
    return Trial(frozen.number, dict(frozen.params), frozen.state.name, figure, frozen.user_attrs.get("job"))
