"""Naming: what a job of a sweep is called among the runs of other sweeps, as on W&B's pages."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from ar_lab.runs.differences import is_place
from ar_lab.sweeps.identity import REPLICATES, key_of
from ar_lab.sweeps.plan import PLAN, is_sweep

LONGEST = 128  # characters of a name, and of a group, that W&B takes


def naming(run: Path, config: dict[str, Any]) -> dict[str, str]:
    """W&B's `group`, `job_type` and `name` of a run in a sweep, or of a fold inside its job; empty for any other run.

    Such as: the sweep's name, `fold 2, repeat 1`, `charrnn digits optimizer.lr=0.01 fold 2, repeat 1`.
    """
    job = run if is_sweep(run.parent) else run.parent
    if not is_sweep(job.parent):
        return {}
    part = fold_of(config["cv"])
    name = _name(config, swept_over(job), part)
    return {"group": _group(job.parent, config["logger"]), "job_type": part or "job", "name": name}


def naming_of_summary(sweep: Path, logger: dict[str, Any]) -> dict[str, str]:
    """The same of the one run that sums a sweep up."""
    return {"group": _group(sweep, logger), "job_type": "summary", "name": sweep.name[:LONGEST]}


def fold_of(cv: dict[str, Any]) -> str:
    """Which fold a job has, and of which repeat where there are several; empty without cross-validation."""
    if cv["fold"] is None:
        return ""
    return f"fold {cv['fold']}" + (f", repeat {cv['repeat']}" if cv["repeats"] > 1 else "")


def swept_over(job: Path) -> list[str]:
    """The overrides of a job that its sweep's line leaves open; none when the last line has no such job."""
    plan = json.loads((job.parent / PLAN).read_text(encoding="utf-8"))
    overrides = next((entry["overrides"] for entry in plan["jobs"] if entry["id"] == job.name), [])
    parsed = OverridesParser.create().parse_overrides(plan["line"])
    swept = {key_of(override.input_line): override.is_sweep_override() for override in parsed}
    return [o for o in overrides if swept.get(key_of(o), True) and not is_place(key_of(o))]


def _group(sweep: Path, logger: dict[str, Any]) -> str:
    """The one that the line gives, else the sweep's name."""
    return logger.get("group") or sweep.name[:LONGEST]


def _name(config: dict[str, Any], swept: Sequence[str], part: str) -> str:
    """Model, data, what else the sweep varies, and which replicate it is; cut before the last of these."""
    names = {key: config[key]["name"] for key in ("model", "data")}
    said = [f"{key}={name}" for key, name in names.items()]
    values = [override for override in swept if override not in said and key_of(override) not in REPLICATES]
    seed = f" seed {config['seed']}" if any(key_of(override) == "seed" for override in swept) else ""
    replicate = (f" {part}" if part else "") + seed
    return " ".join((*names.values(), *values))[: LONGEST - len(replicate)] + replicate
