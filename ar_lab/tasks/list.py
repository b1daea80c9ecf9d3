"""task=list: the runs and sweeps under a directory."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ar_lab import runs
from ar_lab.errors import ConfigError, LabError
from ar_lab.report.listing import print_rows
from ar_lab.runs import Run
from ar_lab.runs.differences import is_place
from ar_lab.sweeps import plan
from ar_lab.sweeps.identity import key_of

TEST = "test/nats_per_dim"
COLUMNS = ("path", "status", "what", "test nats/dim", "steps", "seconds")
Row = tuple[str, str, str, str | None, int | None, int | None]


def list(config: dict[str, Any]) -> None:
    """Prints a table of the runs and sweeps under `task.path`, oldest first; the jobs of a sweep are its own to list.

    Raises:
        ConfigError: when there is no such directory.
    """
    root = Path(config["task"]["path"])
    if not root.is_dir():
        raise ConfigError(f"task.path={root}: no such directory; runs are made under outputs/")
    rows = [row for path in found(root) for row in described(path, root)]
    if rows:
        print_rows(COLUMNS, rows)
    else:
        print("no runs yet")
    print(root)


def found(root: Path) -> Iterator[Path]:
    """Runs and sweeps below a directory, by the time they were made; never what lies inside of them."""
    for path in sorted((path for path in root.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime):
        if runs.is_run(path) or plan.is_sweep(path):
            yield path
        else:
            yield from found(path)


def described(path: Path, root: Path) -> Iterator[Row]:
    """The row of a run or sweep; one that cannot be read says so in its place."""
    name = str(path.relative_to(root))
    try:
        yield sweep_row(name, path) if plan.is_sweep(path) else run_row(name, Run(path))
    except (LabError, KeyError, TypeError) as error:
        yield name, "unreadable", " ".join(str(error).split())[:80], None, None, None


def run_row(name: str, run: Run) -> Row:
    config, result = run.config, run.result
    what = f"{config['model']['name']} {config['data']['name']}"
    return (
        name,
        run.status,
        what,
        with_error(result.get("metrics", {}), TEST),
        result.get("steps"),
        round(result["seconds"]) if "seconds" in result else None,
    )


def sweep_row(name: str, path: Path) -> Row:
    """What became of a sweep's jobs, and its best configuration where it was summed up."""
    sweep = plan.find(path)
    states = Counter(job.run.status for job in sweep.jobs)
    state = "done" if set(states) == {"done"} else ", ".join(f"{count} {status}" for status, count in states.items())
    said = " ".join(override for override in sweep.line if not is_place(key_of(override)))
    try:
        summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
        best = next(configuration for configuration in summary["configurations"] if configuration["rank"] == 1)
    except (OSError, ValueError, LookupError, StopIteration):
        return name, state, said, None, None, None
    figures = {TEST: best["mean"], f"{TEST}_se": best["se"]} if summary["metric"] == TEST else {}
    seconds = sum(configuration["seconds"] or 0 for configuration in summary["configurations"])
    return name, state, f"{said}; best: {' '.join(best['overrides'])}", with_error(figures, TEST), None, round(seconds)


def with_error(figures: dict[str, Any], name: str) -> str | None:
    value, error = figures.get(name), figures.get(f"{name}_se")
    if value is None:
        return None
    return f"{value:.4f}" if error is None else f"{value:.4f} ± {error:.4f}"
