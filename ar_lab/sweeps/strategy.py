"""The strategy of a search: what its config means in Optuna's words, for the process that draws and those that stop."""

import random
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ar_lab.errors import ConfigError
from ar_lab.sweeps.search_space import Choice, Dimension

PERCENT = 100  # what the progress of a training is counted in


def optuna() -> ModuleType:
    """The package.

    Raises:
        ConfigError: when it is not installed.
    """
    try:
        import optuna  # here: it takes a while, and is an extra
    except ImportError:
        raise ConfigError("sweep=optuna: needs an extra: pip install 'ar-lab[optuna]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def steps(config: Mapping[str, Any]) -> int:
    """The last step that a job can report."""
    return config["cv"]["folds"] if config["cv"]["fold"] == "all" else PERCENT


def make_sampler(settings: Mapping[str, Any], number: int) -> Any:
    seed = random.Random(f"{settings['seed']} {number}").getrandbits(32)
    samplers = optuna().samplers
    if settings["sampler"] == "random":
        return samplers.RandomSampler(seed=seed)
    return samplers.TPESampler(seed=seed, n_startup_trials=settings["startup"])


def make_pruner(settings: Mapping[str, Any], most: int) -> Any:
    """`most`: the last step that a trial can report."""
    pruners = optuna().pruners
    if settings["pruner"] == "median":
        return pruners.MedianPruner(n_startup_trials=settings["startup"])
    if settings["pruner"] == "hyperband":
        return pruners.HyperbandPruner(min_resource=1, max_resource=most)
    return pruners.NopPruner()


def make_distribution(dimension: Dimension) -> Any:
    distributions = optuna().distributions
    if isinstance(dimension, Choice):
        return distributions.CategoricalDistribution(dimension.values)
    low, high, step, log = dimension.low, dimension.high, dimension.step, dimension.log
    if isinstance(low, int):
        return distributions.IntDistribution(low, high, log=log, step=step or 1)
    return distributions.FloatDistribution(low, high, log=log, step=step)
