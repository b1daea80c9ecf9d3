"""task=score task.input=FILE: which units of a file are unlike the run's own held-out ones, at a rate of alarms."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from ar_lab import runs
from ar_lab.errors import ConfigError, did_you_mean
from ar_lab.evaluation.anomaly.conformal import p_values, threshold
from ar_lab.report.anomalies.alarms import print_alarms, save_lines
from ar_lab.report.found import show_found
from ar_lab.restore import restore
from ar_lab.tasks.anomaly import Scorer, Scores
from ar_lab.tasks.loading import parts_of
from ar_lab.tasks.units import Units, held_out_scores, unit_of, units_of


def alarm(config: dict[str, Any]) -> None:
    """Holds every unit of `task.input` against the run's test part: RUN/score/alarms.csv, and of text alarms.html.

    Raises:
        ConfigError: for an input that is not what the run's data are, and a rate that too few held-out units can tell.
    """
    task, restored = config["task"], restore(config["run"])
    unit = unit_of(task, restored.codec.space.kind)
    parts = parts_of(restored.run, config)
    scorer = Scorer(restored, parts, config)
    print(f"scoring the {unit}s of the test part and of {task['input']}", file=sys.stderr, flush=True)
    held_out, found = held_out_scores(scorer, parts, unit, config), units_of(scorer, parts, unit, config)
    by = deciding(task, found.scores, unit)
    limit = limit_of(task, held_out.get(by, np.empty(0)), unit)
    p = p_values(held_out[by], found.scores[by])
    metrics = {
        "alarm/units": len(p),
        "alarm/alarms": int((p <= task["alarm_rate"]).sum()),
        "alarm/share": float((p <= task["alarm_rate"]).mean()),
        "alarm/rate": task["alarm_rate"],
        "alarm/threshold": limit,
        "alarm/held_out": len(held_out[by]),
    }
    directory = restored.run.subdirectory("score")
    write_alarms(found, by, p, task["alarm_rate"], directory / "alarms.csv")
    facts = {"run": str(restored.run.path), "input": task["input"], "by": by, "unit": unit, "notes": notes(unit)}
    runs.write_json(directory / "result.json", {"metrics": metrics, **facts})
    if found.text[0]:
        save_lines(found, by, p, task["alarm_rate"], directory / "alarms.html")
    show_found("score", metrics, directory, config["logger"])
    print_alarms(found, by, p, {**metrics, "unit": unit})
    print(*(f"note: {note}" for note in facts["notes"]), directory, sep="\n")


def deciding(task: dict[str, Any], found: Scores, unit: str) -> str:
    """The score that decides: `task.by`, or ratio where there is one, else typicality of images, likelihood of others.

    Raises:
        ConfigError: for a score that the units do not have.
    """
    if task["by"] is None:
        return "ratio" if "ratio" in found else "typicality" if unit == "image" else "likelihood"
    if task["by"] not in found:
        remedy = did_you_mean(task["by"], found)
        raise ConfigError(f"task.by={task['by']}: a {unit} has the scores {', '.join(found)}{remedy}")
    return task["by"]


def limit_of(task: dict[str, Any], held_out: Float64[np.ndarray, " held_out"], unit: str) -> float:
    """Raises ConfigError for a rate below what the held-out units can tell."""
    try:
        return threshold(held_out, task["alarm_rate"])
    except ValueError as error:
        raise ConfigError(f"task.alarm_rate={task['alarm_rate']}: the {unit}s of the test part, {error}") from error


def notes(unit: str) -> list[str]:
    """What a reader of the alarms must know."""
    found = [
        "a p-value is (1 + held-out scores as high) / (1 + held-out scores); where a file is like the test part, "
        "about alarm_rate of its units are reported all the same"
    ]
    if unit == "line":
        found.append("a line's score is the mean of its characters', given the text before it; short lines vary more")
    return found


def write_alarms(found: Units, by: str, p: Float64[np.ndarray, " units"], rate: float, path: Path) -> None:
    """A line a unit, in the order of the file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("unit", "where", *found.scores, "by", "p_value", "alarm"))
        for k, where in enumerate(found.where):
            cells = (f"{values[k]:.6g}" for values in found.scores.values())
            lines.writerow((k, where, *cells, by, f"{p[k]:.6g}", int(p[k] <= rate)))
