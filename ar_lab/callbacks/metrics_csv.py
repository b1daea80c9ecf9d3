"""metrics.csv: every logged value by step, one row a value, appended at once so that nothing is lost."""

import csv
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

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

    @property
    def size(self) -> int:
        """Bytes written so far: a position to go back to."""
        return self.path.stat().st_size if self.path.exists() else 0

    def rewind(self, size: int) -> None:
        """Drops what was logged after the file had that size, where a run goes on that was killed later."""
        if not size:
            self.path.unlink(missing_ok=True)
        elif self.size > size:
            os.truncate(self.path, size)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """The config has its own file."""
