"""task=divergence: the Q of a family that is least in each divergence from a known P, and all divergences of each."""

import math
from typing import Any

from ar_lab import runs
from ar_lab.distributions.base import Distribution
from ar_lab.errors import ConfigError
from ar_lab.evaluation.divergence.definitions import DIVERGENCES
from ar_lab.evaluation.divergence.estimators import Estimator, Figure, Sums
from ar_lab.evaluation.divergence.fit import Fit
from ar_lab.report.divergence import print_divergences, save_divergences, save_trajectories
from ar_lab.report.divergence_plot import save_picture
from ar_lab.report.found import show_found
from ar_lab.schema.combinations import KNOWN_SOURCES
from ar_lab.tasks.divergence_fits import estimator_for, family_name, fitted
from ar_lab.tasks.loading import load_parts
from ar_lab.tasks.place import check_output, new_directory

TOLERANCE = (
    1e-3  # relative, or to a tenth, by which another fit may be better in a column than the one that minimized it
)
Figures = dict[str, dict[str, Figure]]  # objective of a fit -> divergence


def divergence(config: dict[str, Any]) -> None:
    """Fits a family by every objective; writes table, picture and trajectories, and prints the table.

    Raises:
        ConfigError: for data without a known distribution, and a family or an estimator that its space does not fit.
    """
    check_output(config)
    distribution = known_distribution(config)
    try:
        estimator = estimator_for(distribution, config)
        fits = fitted(distribution, estimator, config)
    except ValueError as error:
        raise ConfigError(f"task=divergence: {error}") from error
    directory = new_directory(config)
    figures = {name: estimator.figures(one.family) for name, one in fits.items()}
    result = summary(distribution, estimator, fits, figures, config)
    runs.write_json(directory / "divergence.json", result)
    save_divergences(figures, directory / "divergence.csv")
    save_trajectories({name: one.trajectories for name, one in fits.items()}, directory / "trajectories.csv")
    save_picture(distribution, {name: one.family for name, one in fits.items()}, config["seed"], directory)
    show_found("divergence", result["metrics"], directory, config["logger"])
    print_divergences(figures, result["notes"])
    print(directory)


def known_distribution(config: dict[str, Any]) -> Distribution:
    """P, what the data were drawn from."""
    distribution = load_parts(config).distribution
    if distribution is None:
        name = config["data"]["name"]
        raise ConfigError(f"data={name}: its distribution is not known; use data={KNOWN_SOURCES}")
    return distribution


def summary(
    distribution: Distribution, estimator: Estimator, fits: dict[str, Fit], figures: Figures, config: dict[str, Any]
) -> dict[str, Any]:
    """What divergence.json says."""
    task, entropy = config["task"], distribution.entropy()
    any_fit = next(iter(fits.values()))
    return {
        "data": config["data"]["name"],
        "space": distribution.space.to_dict(),
        "family": family_name(task["family"], distribution.space),
        **({"model": config["model"]["name"]} if task["family"] == "model" else {}),
        "parameters": sum(parameter.numel() for parameter in any_fit.family.parameters()),
        "seed": config["seed"],
        "entropy": entropy._asdict(),
        "units": {name: one.unit for name, one in DIVERGENCES.items()},
        "formulas": {name: one.formula for name, one in DIVERGENCES.items()},
        "metrics": metrics(figures),
        "fits": {name: told(one) for name, one in fits.items()},
        "evaluated_by": estimator.grid.how if isinstance(estimator, Sums) else "samples of P and Q",
        "notes": notes(estimator, fits, figures),
    }


def metrics(figures: Figures) -> dict[str, float]:
    """`<objective of the fit>/<divergence>`, and `_se` where it is an estimate."""
    values = {f"{row}/{name}": found.value for row, found_in in figures.items() for name, found in found_in.items()}
    errors = {
        f"{row}/{name}_se": found.se
        for row, found_in in figures.items()
        for name, found in found_in.items()
        if found.se is not None
    }
    return {**values, **errors}


def told(one: Fit) -> dict[str, Any]:
    return {
        "estimator": one.how,
        "converged": one.converged,
        "starts": len(one.trajectories),
        "best_start": one.best,
        "losses_of_starts": [trajectory[-1] for trajectory in one.trajectories],
        "seconds": round(one.seconds, 3),
    }


def notes(estimator: Estimator, fits: dict[str, Fit], figures: Figures) -> list[str]:
    """How it was done, and everything that a reader must doubt."""
    ways = dict.fromkeys(one.how for one in fits.values())
    lines = [f"fitted by: {', '.join(f'{way} ({_by(way, fits)})' for way in ways)}"]
    lines += [f"{name}: not converged; give more task.steps" for name, one in fits.items() if not one.converged]
    for row, found_in in figures.items():
        lines += [f"{row} fit, {name}: infinite" for name, found in found_in.items() if math.isinf(found.value)]
        remarks = dict.fromkeys(found.remark for found in found_in.values() if found.remark)
        lines += [f"{row} fit: {_of(remark, found_in)}: {remark}" for remark in remarks]
    return [*lines, *off_diagonal(figures)]


def _by(way: str, fits: dict[str, Fit]) -> str:
    names = [name for name, one in fits.items() if one.how == way]
    return "all" if len(names) == len(fits) else ", ".join(names)


def _of(remark: str, found_in: dict[str, Figure]) -> str:
    return ", ".join(name for name, found in found_in.items() if found.remark == remark)


def off_diagonal(figures: Figures) -> list[str]:
    """A line for every fit that another one beats in its own divergence, beyond the tolerance and the error."""
    lines = []
    for name in figures:
        own = figures[name][name]
        best = min(figures, key=lambda row: figures[row][name].value)
        other = figures[best][name]
        error = 3 * math.hypot(own.se or 0.0, other.se or 0.0)
        if own.value - other.value > TOLERANCE * max(abs(own.value), 0.1) + error:
            lines.append(
                f"warning: {name} is lower in the {best} fit than in its own; give more task.steps or restarts"
            )
    return lines
