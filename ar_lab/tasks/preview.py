"""`sweep.dry_run=true`: what a sweep would do; nothing is written."""

import json
from pathlib import Path
from typing import Any

from ar_lab import runs
from ar_lab.errors import LabError
from ar_lab.report.listing import print_rows, size
from ar_lab.sweeps.plan import Job, Sweep

CHEAP = 50_000_000  # bytes of data on this machine that are read for the sake of a parameter count
COLUMNS = ("job", "state", "parameters", "disk", "overrides")


def preview(sweep: Sweep) -> None:
    """Prints the jobs, and how many of them are to run."""
    print_jobs(sweep)
    done = sum(job.is_done() for job in sweep.jobs)
    print(f"{len(sweep.jobs)} jobs, {len(sweep.jobs) - done} to run; nothing was written")
    print(sweep.path)


def print_jobs(sweep: Sweep) -> None:
    """Prints every job with its id, state, parameter count where it is cheap, use of the disk, and overrides."""
    known: dict[str, int | None] = {}
    rows = []
    for job in sweep.jobs:
        state = job.run.status if runs.is_run(job.path) else "new"
        rows.append((job.id, state, parameters(job, known), size(disk_use(job.path)), " ".join(job.overrides)))
    print_rows(COLUMNS, rows)


def disk_use(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def parameters(job: Job, known: dict[str, int | None]) -> int | None:
    """What the run recorded, else counted on a model without memory; `known` holds the counts of equal models."""
    recorded = job.run.result.get("parameters")
    if recorded is not None:
        return recorded
    parts = {key: job.config[key] for key in ("data", "model", "likelihood")}
    key = json.dumps(parts, sort_keys=True)
    if key not in known:
        known[key] = counted(parts)
    return known[key]


def counted(parts: dict[str, Any]) -> int | None:
    """The parameters of a model on its data; None where these would have to be downloaded, or are large or unknown."""
    import torch  # a sweep that ran already needs no count

    from ar_lab.build import build_model, build_source

    try:
        source = build_source(parts["data"])
        paths = source.paths()
        if paths is None or sum(path.stat().st_size for path in paths) > CHEAP:
            return None
        with torch.device("meta"):
            return sum(p.numel() for p in build_model(parts, source.load().codec.space).parameters())
    except (LabError, OSError):
        return None
