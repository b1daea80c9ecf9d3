"""task=summarize: the answer of a sweep, from the files that its jobs left."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ar_lab import runs
from ar_lab.errors import LabError
from ar_lab.report.dashboard import publish
from ar_lab.report.search_lines import print_search
from ar_lab.report.sweep_files import write_files
from ar_lab.report.sweep_table import print_summary
from ar_lab.sweeps.cv_results import write_csv
from ar_lab.sweeps.naming import naming_of_summary
from ar_lab.sweeps.plan import Sweep, find
from ar_lab.sweeps.records import Record, gather
from ar_lab.sweeps.search_answer import answer, is_search
from ar_lab.sweeps.summary import summarize as summed_up


def summarize(config: dict[str, Any]) -> None:
    """Sums a sweep up again, without training anything."""
    conclude(find(config["run"]))


def conclude(sweep: Sweep, skipped: int = 0, ran: bool = False) -> bool:
    """Prints and writes what a sweep says so far, for W&B too when its jobs `ran` just now; whether all are done.

    Raises:
        LabError: when the answer cannot be written; it was printed.
    """
    records = gather(sweep.jobs)
    summary = summed_up(records, sweep.path, skipped)
    if is_search(sweep):
        summary["search"] = answer(sweep)
    print_summary(summary, sweep.path)
    if "search" in summary:
        print_search(summary["search"], sweep.path)
    print(sweep.path, flush=True)
    save(records, summary, sweep.path)
    if ran:
        show(summary, sweep)
    return summary["jobs"]["done"] + summary["jobs"]["pruned"] == summary["jobs"]["total"]


def save(records: Sequence[Record], summary: dict[str, Any], path: Path) -> None:
    """Writes summary.json, cv_results.csv, summary.md and the pictures."""
    try:
        runs.write_json(path / "summary.json", summary)
        write_csv(records, path)
        write_files(summary, path)
    except OSError as error:
        raise LabError(f"{path}: the answer above could not be written there ({error.strerror or error})") from error


def show(summary: dict[str, Any], sweep: Sweep) -> None:
    """Shows the answer where the jobs logged to, if that is W&B."""
    logger = sweep.jobs[0].config["logger"]
    if logger["_target_"].endswith("WandbLogger"):
        publish(summary, sweep.path, sweep.line, {**logger, **naming_of_summary(sweep.path, logger)})
