"""A sweep while it runs, on standard error: a live table on a terminal, else one line for every job that ended."""

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol, runtime_checkable

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ar_lab.errors import LabError
from ar_lab.runs import Run

SECONDS_BETWEEN_POLLS = 0.5
ENDED = ("done", "failed", "killed", "interrupted", "pruned")
RUNNING_SHOWN = 8  # jobs named in the live table, at most
ERROR = 100  # characters of a failed job's error, at most
METRIC = "test/nats_per_dim"


@runtime_checkable
class Job(Protocol):
    """What is asked of a job; replicates of one configuration share `configuration`."""

    path: Any
    overrides: Any
    configuration: Any


@contextmanager
def watching(
    jobs: Sequence[Job],
    total: int | None = None,
    table: bool = True,
    metric: str = METRIC,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Shows how far jobs are, from their result.json alone, while the block runs.

    `jobs` may grow meanwhile, up to `total`. Those that are done and not run again count as done. Without `table`
    (where jobs print for themselves) and off a terminal there are plain lines. `stopping` says that no more
    are started.
    """
    watch = Watch(jobs, total, metric, stopping)
    console = Console(stderr=True, highlight=False)
    stop = Event()
    show = _in_a_table if table and console.is_terminal else _in_lines
    thread = Thread(target=show, args=(watch, console, stop), name="watching", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _in_lines(watch: "Watch", console: Console, stop: Event) -> None:
    over = False
    while not over:
        over = stop.wait(SECONDS_BETWEEN_POLLS)
        for line in watch.poll(over):
            print(line, file=sys.stderr, flush=True)


def _in_a_table(watch: "Watch", console: Console, stop: Event) -> None:
    with Live(watch.table(), console=console, auto_refresh=False, transient=True, redirect_stdout=False) as live:
        over = False
        while not over:
            over = stop.wait(SECONDS_BETWEEN_POLLS)
            for line in watch.poll(over):
                console.print(line, markup=False, soft_wrap=True)
            live.update(watch.table(), refresh=True)


class Watch:
    """What the result files of some jobs say, as they change.

    A result that lay there before, of a failed job that is to run again, counts for nothing until it changes.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        total: int | None = None,
        metric: str = METRIC,
        stopping: Callable[[], bool] = lambda: False,
    ):
        self.jobs = jobs
        self.stopping = stopping
        self.total = total
        self.metric = metric
        self.began = time.monotonic()
        self.read = {job.path: _signature(job.path) for job in jobs}
        self.results: dict[Path, dict[str, Any]] = {}
        self.earlier = {job.path: result for job in jobs if (result := _result(job.path)).get("status") == "done"}
        self.ended: dict[Path, str] = {}

    def poll(self, over: bool = False) -> list[str]:
        """A line for every job that ended since the last poll; when all is `over`, for those whose process is gone."""
        lines = []
        for job in tuple(self.jobs):
            self._look(job.path)
            status = self._status(job.path)
            if over and status == "running":
                with suppress(LabError):
                    status = Run(job.path).status
            if status in ENDED and job.path not in self.ended:
                self.ended[job.path] = status
                lines.append(self.line(job))
        return lines

    def _look(self, path: Path) -> None:
        signature = _signature(path)
        if signature is not None and signature != self.read.get(path):
            self.read[path], self.results[path] = signature, _result(path)
            self.earlier.pop(path, None)

    def _status(self, path: Path) -> str | None:
        return self.ended.get(path) or self.results.get(path, {}).get("status")

    def line(self, job: Job) -> str:
        """Such as: job 3/15 done  model=charrnn cv.fold=2  1.2345 nats/dim  4 s  about 40 s left."""
        result = self.results.get(job.path, {})
        parts = [f"job {len(self.ended) + len(self.earlier)}/{self.size} {self.ended[job.path]}", self.label([job])]
        if (figure := self.figure(result)) is not None and self.ended[job.path] == "done":
            parts.append(f"{figure:.4f} nats/dim")
        if self.ended[job.path] == "failed" and result.get("traceback"):
            parts.append(error_line(result["traceback"]))
        if "seconds" in result:
            parts.append(duration(result["seconds"]))
        if not self.stopping() and (left := self.time_left()):
            parts.append(f"about {left} left")
        return "  ".join(part for part in parts if part)

    @property
    def size(self) -> int:
        return max(self.total or 0, len(self.jobs))

    def label(self, group: Sequence[Job]) -> str:
        """The overrides that these jobs share and not all jobs have; which replicate it is comes last."""
        everywhere = Counter(override for job in tuple(self.jobs) for override in job.overrides)
        shared = [o for o in group[0].overrides if all(o in job.overrides for job in group)]
        telling = [o for o in shared if everywhere[o] < len(self.jobs)]
        return " ".join(sorted(telling, key=lambda o: o.startswith(("cv.", "seed="))))

    def time_left(self) -> str:
        """By the pace of the jobs that ended under this watch; empty when nothing is known, or left."""
        left = self.size - len(self.ended) - len(self.earlier)
        if not self.ended or left <= 0:
            return ""
        return duration((time.monotonic() - self.began) / len(self.ended) * left)

    def figure(self, result: dict[str, Any]) -> float | None:
        return result.get("metrics", {}).get(self.metric)

    def best(self) -> str:
        """The configuration with the lowest mean so far, over the figures that it has."""
        groups: dict[Any, list[tuple[Job, float]]] = {}
        for job in tuple(self.jobs):
            result = self.earlier.get(job.path) or self.results.get(job.path, {})
            figure = self.figure(result)
            if result.get("status") == "done" and figure is not None:
                groups.setdefault(job.configuration, []).append((job, figure))
        if not groups:
            return "-"
        group = min(groups.values(), key=_mean)
        over = f"mean of {len(group)}" if len(group) > 1 else ""
        return f"{_mean(group):.4f} nats/dim  {self.label([job for job, _ in group])}  {over}".strip()

    def table(self) -> Group:
        """Counts, the best so far and the time left; below, the jobs that run."""
        ended = Counter(self.ended.values())
        running = [job for job in tuple(self.jobs) if self._status(job.path) == "running"]
        failed = ended["failed"] + ended["killed"]
        table = Table("jobs done", "running", "failed", "best so far", "time left")
        counts = (f"{ended['done'] + len(self.earlier)}/{self.size}", str(len(running)), str(failed))
        table.add_row(*counts, Text(self.best()), "stopping" if self.stopping() else self.time_left() or "-")
        names = [f"running: {self.label([job]) or job.path.name}" for job in running[:RUNNING_SHOWN]]
        return Group(table, *(Text(name, style="dim", no_wrap=True, overflow="ellipsis") for name in names))


def duration(seconds: float) -> str:
    """4 s, 12 min or 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def error_line(traceback: str) -> str:
    """The last line of a traceback without the module of its error, and cut where it is long."""
    line = re.sub(r"^(\w+\.)+(?=\w+(:|$))", "", traceback.strip().splitlines()[-1])
    return line if len(line) <= ERROR else line[: ERROR - 1].rstrip() + "…"


def _mean(group: list[tuple[Job, float]]) -> float:
    return sum(figure for _, figure in group) / len(group)


def _signature(path: Path) -> tuple[int, int] | None:
    """Tells one version of a job's result.json from the next; None when there is none."""
    with suppress(OSError):
        found = (path / "result.json").stat()
        return found.st_mtime_ns, found.st_ino
    return None


def _result(path: Path) -> dict[str, Any]:
    with suppress(LabError):
        return Run(path).result
    return {}
