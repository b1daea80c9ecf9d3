"""metrics.csv: every logged value by step, one row a value, appended at once so that nothing is lost."""

import csv
from argparse import Namespace
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from ar_lab.runs import write_atomically

COLUMNS = ("step", "metric", "value")


class MetricsCSV(Logger):
    """Rows of `step, metric, value`; a run that goes on appends to what it finds."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    @property
    def name(self) -> str:
        return "metrics"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            if new:
                rows.writerow(COLUMNS)
            rows.writerows((int(step), name, f"{value:.10g}") for name, value in metrics.items() if name != "epoch")

    def rewind(self, step: int) -> None:
        """Drops what was logged after `step`, where a run goes on that was killed later."""
        if not self.path.exists():
            return
        head, *rows = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [row for row in rows if row.endswith("\n") and int(row.partition(",")[0]) <= step]
        write_atomically(self.path, head + "".join(kept))

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """The config has its own file."""
