"""cv_results.csv: a row a training of the sweep, whatever became of it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ar_lab.runs import write_atomically
from ar_lab.sweeps.identity import REPLICATES
from ar_lab.sweeps.labels import overrides_by_key
from ar_lab.sweeps.records import Record

FIELDS = ("fold", "repeat", "seed", "status", "figure", "se", "train", "validation", "gap", "seconds")
LAST = ("parameters", "n_train", "n_test", "commit", "error", "path")


def write_csv(records: Sequence[Record], sweep: Path) -> Path:
    """Id, a column an override, replicate, state, figures in nats per dimension, and the path relative to `sweep`."""
    of_job = [overrides_by_key(record.overrides) for record in records]
    keys = [key for key in dict.fromkeys(key for job in of_job for key in job) if key not in REPLICATES]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("id", *keys, *FIELDS, *LAST))
    for record, overrides in zip(records, of_job, strict=True):
        values = [overrides.get(key, "").partition("=")[2] for key in keys]
        known = [getattr(record, field) for field in (*FIELDS, *LAST[:-1])]
        rows.writerow((record.id, *values, *known, record.path.relative_to(sweep).as_posix()))
    path = sweep / "cv_results.csv"
    write_atomically(path, text.getvalue())
    return path
