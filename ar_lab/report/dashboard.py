"""W&B: opened without asking anybody; and one run a sweep that shows its answer, which W&B's pages cannot compute."""

import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ar_lab import runs
from ar_lab.errors import ConfigError
from ar_lab.report.search_lines import HISTORY

IDENTITY = "wandb.json"  # in a sweep: the run that a later line goes on with
PICTURES = ("summary.png", HISTORY)
SHOWN = ("rank", "folds", "folds_expected", "mean", "std", "se", "gap", "overfitting", "seconds", "parameters")
PAIRED = ("first", "second", "difference", "p", "p_holm", "folds")


def sign_in(mode: str) -> None:
    """Makes W&B silent, and sure that it will not ask for a key.

    Raises:
        ConfigError: when it is to be online and there is no key.
    """
    import wandb  # takes most of a second, which other loggers need not wait for

    wandb.setup(wandb.Settings(silent=True))
    if mode == "online" and not wandb.login(prompt=False):
        raise ConfigError(
            "logger.mode=online needs a W&B key: run `wandb login`, set WANDB_API_KEY, or use mode=offline"
        )


def publish(summary: dict[str, Any], sweep: Path, line: Sequence[str], logger: dict[str, Any]) -> None:
    """Logs what summary.json holds as the sweep's one summary run, opened by the words of `logger`.

    What goes wrong is a line on standard error: the answer itself lies in the sweep's files.
    """
    try:
        sign_in(logger["mode"])
        _log(summary, sweep, line, {key: value for key, value in logger.items() if key != "_target_"})
    except Exception as error:
        print(f"ar_lab: no W&B summary of {sweep}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)


def _log(summary: dict[str, Any], sweep: Path, line: Sequence[str], settings: dict[str, Any]) -> None:
    import wandb

    run = wandb.init(
        **settings,
        dir=sweep,
        id=_identity(sweep),
        resume="allow",
        config={"line": " ".join(line), "metric": summary["metric"]},
        settings=wandb.Settings(console="off"),
    )
    code = 1
    try:
        tables = {"configurations": list(map(row, summary["configurations"])), "comparisons": pairs(summary)}
        shown = {name: _table(wandb, rows) for name, rows in tables.items() if rows}
        pictures = [sweep / name for name in PICTURES if (sweep / name).is_file()]
        run.log({**shown, **{picture.stem: wandb.Image(str(picture)) for picture in pictures}})
        run.summary.update(figures(summary))
        code = exit_code(summary)
    finally:
        run.finish(exit_code=code)


def _table(wandb: Any, rows: list[dict[str, Any]]) -> Any:
    return wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])


def _identity(sweep: Path) -> str:
    """The W&B id of the summary run: kept, so that the same line again goes on with it."""
    path = sweep / IDENTITY
    if not path.is_file():
        runs.write_json(path, {"id": secrets.token_hex(4)})
    return json.loads(path.read_text(encoding="utf-8"))["id"]


def exit_code(summary: dict[str, Any]) -> int:
    """0 once the sweep has its answer: that a trial of a search failed is part of it."""
    jobs = summary["jobs"]
    over = jobs["done"] + jobs["pruned"] + (jobs["failed"] if "search" in summary else 0)
    return int(over < jobs["total"])


def row(configuration: dict[str, Any]) -> dict[str, Any]:
    """A configuration as a row of a table, its interval in two columns."""
    shown = {key: configuration[key] for key in SHOWN}
    return {"configuration": " ".join(configuration["overrides"]), **shown, **_interval(configuration)}


def pairs(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Every pair of configurations, named, with the interval of its difference."""
    names = {c["rank"]: " ".join(c["overrides"]) for c in summary["configurations"]}
    return [
        {**{key: pair[key] for key in PAIRED}, "first": names[pair["first"]], "second": names[pair["second"]]}
        | _interval(pair)
        for pair in summary["comparisons"]
    ]


def _interval(estimated: dict[str, Any]) -> dict[str, float | None]:
    low, high = estimated["ci95"] or (None, None)
    return {"ci95_low": low, "ci95_high": high}


def figures(summary: dict[str, Any]) -> dict[str, Any]:
    """The flat figures of the summary run: jobs by state, all of the best configuration, mean and error of each."""
    ranked = [row(configuration) for configuration in summary["configurations"] if configuration["rank"]]
    found = {f"jobs/{state}": count for state, count in summary["jobs"].items()}
    for configuration in ranked:
        found |= {f"{key}/{configuration['configuration']}": configuration[key] for key in ("mean", "se")}
    return found | ({f"best/{key}": value for key, value in ranked[0].items()} if ranked else {})
