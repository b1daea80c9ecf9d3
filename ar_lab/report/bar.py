"""The progress bar of a task that draws: a bar on a terminal, else a line now and then, on standard error."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SECONDS_BETWEEN_UPDATES = 0.2
SECONDS_BETWEEN_LINES = 15.0  # where standard error is not a terminal


class Bar:
    """Counts up to `total`; as a context, it is gone when the block ends. `shown=False` keeps it silent."""

    def __init__(self, what: str, total: int, shown: bool = True):
        self.what, self.total, self.shown = what, total, shown
        self.console = Console(stderr=True)
        self.done = 0

    def __enter__(self) -> "Bar":
        self.updated = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        self.progress = Progress(
            *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self.console, transient=True
        )
        self.row = self.progress.add_task(self.what, total=self.total)
        self.drawn = self.shown and self.console.is_terminal
        if self.drawn:
            self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.drawn:
            self.progress.stop()

    def advance(self, count: int) -> None:
        self.done += count
        interval = SECONDS_BETWEEN_UPDATES if self.console.is_terminal else SECONDS_BETWEEN_LINES
        if not self.shown or time.monotonic() - self.updated < interval:
            return
        self.updated = time.monotonic()
        if self.drawn:
            self.progress.update(self.row, completed=self.done)
        else:
            print(f"{self.what}  {100 * self.done / self.total:.0f}%", file=sys.stderr, flush=True)
