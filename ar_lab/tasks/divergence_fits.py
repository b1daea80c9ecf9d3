"""The fits of task=divergence: which family and which estimator a config means, and the best fit of every objective."""

from collections.abc import Callable
from typing import Any

import torch

from ar_lab.build import build_model
from ar_lab.distributions.base import Distribution
from ar_lab.errors import ConfigError
from ar_lab.evaluation.divergence.estimators import Estimator, Samples, Sums
from ar_lab.evaluation.divergence.families import Family, Modeled, Tables, gaussian_near
from ar_lab.evaluation.divergence.fit import Fit, fit, settle
from ar_lab.evaluation.divergence.grid import has_grid, no_grid
from ar_lab.report.bar import Bar
from ar_lab.space import Space

LARGEST_TABLES = 2**24  # numbers in the tables of one start
RESTARTS, RESTARTS_OF_SAMPLES, RESTARTS_OF_A_MODEL = 6, 2, 1
LR, LR_OF_A_MODEL = 0.05, 0.005


def estimator_for(distribution: Distribution, config: dict[str, Any]) -> Estimator:
    """Exact sums where asked for or possible, else samples."""
    task, space = config["task"], distribution.space
    if task["estimator"] == "exact" and not has_grid(space):
        raise ConfigError(f"task.estimator=exact: {no_grid(space)}; use task.estimator=sampled, or fewer dimensions")
    if task["estimator"] == "sampled" or not has_grid(space):
        return Samples(distribution, config["seed"], task["samples"], task["draws"])
    return Sums(distribution, config["seed"])


def family_name(family: str, space: Space) -> str:
    """The family that is meant by `auto`, or the one that is asked for.

    Raises:
        ConfigError: for one that the space does not fit.
    """
    if family == "auto":
        return "gaussian" if not space.discrete else "markov" if space.kind == "sequence" else "factorized"
    if family == ("gaussian" if space.discrete else "markov"):
        values = "levels" if space.discrete else "real numbers"
        raise ConfigError(f"task.family={family}: the data have {values}; use task.family=auto")
    return family


def beginning(name: str, distribution: Distribution, config: dict[str, Any]) -> Callable[[int], Family]:
    """What makes the family of a start, by its number."""
    space, order = distribution.space, config["task"]["order"] if name == "markov" else 0

    def begin(start: int) -> Family:
        seed = config["seed"] + start
        generator = torch.Generator().manual_seed(seed)
        if name == "model":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                return Modeled(build_model(config, space))
        if space.discrete:
            return Tables(space, order, generator)
        return gaussian_near(distribution, name == "factorized", generator)

    return begin


def check_order(order: int, space: Space) -> None:
    """Raises ConfigError for tables that no memory holds."""
    size = space.dims * space.levels ** (min(order, space.dims - 1) + 1)
    if size > LARGEST_TABLES:
        raise ConfigError(f"task.order={order}: makes tables of {size:.2g} numbers; use a lower order")


def fitted(distribution: Distribution, estimator: Estimator, config: dict[str, Any]) -> dict[str, Fit]:
    """The best fit of every objective."""
    task = config["task"]
    name = family_name(task["family"], distribution.space)
    begin = beginning(name, distribution, config)
    if name == "markov":
        check_order(task["order"], distribution.space)
    if not any(parameter.requires_grad for parameter in begin(0).parameters()):
        raise ConfigError(f"model={config['model']['name']}: has nothing to learn by gradients; use another model=")
    of_a_model = name == "model"
    usual = RESTARTS_OF_A_MODEL if of_a_model else RESTARTS if estimator.exact else RESTARTS_OF_SAMPLES
    restarts = task["restarts"] or usual
    lr = task["lr"] or (LR_OF_A_MODEL if of_a_model else LR)
    with Bar("fitting", len(task["objective"]) * restarts * task["steps"]) as bar:
        fits = {
            objective: fit(objective, estimator, begin, restarts, task["steps"], lr, lambda: bar.advance(1))
            for objective in task["objective"]
        }
    return settle(fits, estimator) if estimator.exact else fits
