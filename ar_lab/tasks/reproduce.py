"""task=reproduce: a finished run again, from what its directory records, held to the same figures."""

from typing import Any

from ar_lab import runs
from ar_lab.errors import ConfigError, LabError
from ar_lab.report.listing import print_rows
from ar_lab.runs import Run
from ar_lab.runs.differences import flatten

# What may explain figures that differ.
FACTS = ("commit", "dirty", "versions", "platform", "device", "processes", "threads", "data_checksum", "split")


def reproduce(config: dict[str, Any]) -> None:
    """Trains in RUN/reproduce/ what RUN records, with its seed, threads and device, and compares every metric exactly.

    Raises:
        ConfigError: when the run is not finished.
        LabError: when a metric differs; the table above tells which, and what else does.
    """
    run = runs.find(config["run"])
    if run.status != "done":
        raise ConfigError(f"run={run.path}: is {run.status}; only a finished run has figures to reproduce")
    again = _repeat(run, config)
    compared = {"metrics": differing(run.result["metrics"], again.result["metrics"]), "facts": _facts(run, again)}
    again.write_result(reproduces=str(run.path), differences=compared)
    if compared["metrics"]:
        print_rows(("metric", "then", "now", "difference"), _table(compared["metrics"]))
    if compared["facts"]:
        print_rows(
            ("what may matter", "then", "now"), [(key, *map(str, values)) for key, values in compared["facts"].items()]
        )
    count, total = len(compared["metrics"]), len(run.result["metrics"])
    print(f"{total - count} of {total} metrics equal those of {run.path}, to the last digit")
    print(again.path)
    if count:
        raise LabError(f"{count} of {total} metrics of {run.path} were not reproduced")


def _repeat(run: Run, config: dict[str, Any]) -> Run:
    # Not above: an unfinished run is refused before these import torch.
    import torch

    from ar_lab.tasks.train import trained

    then, threads = run.result, torch.get_num_threads()
    torch.set_num_threads(then.get("threads", threads))
    try:
        return trained(
            {
                **run.config,
                "run": None,
                "output": str(run.subdirectory("reproduce")),
                "data": config["data"],  # which may lie elsewhere by now
                "logger": {"_target_": "none"},
                "trainer": _on_its_device(run.config["trainer"], then),
            }
        )
    finally:
        torch.set_num_threads(threads)


def _on_its_device(trainer: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """The trainer's config with what it chose by itself, by the machine that it ran on."""
    accelerator = "cpu" if then.get("device", "cpu") == "cpu" else "gpu"
    devices = then.get("processes", 1) if trainer["devices"] == "auto" else trainer["devices"]
    return {**trainer, "accelerator": accelerator, "devices": devices}


def differing(then: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What two dictionaries differ in, by its name, with both values."""
    old, new = flatten(then), flatten(now)
    return {name: (old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)}


def _facts(run: Run, again: Run) -> dict[str, tuple[Any, Any]]:
    """What else differs; a dirty checkout, or training by the clock, may differ without a trace."""
    found = differing(*({key: result.get(key) for key in FACTS} for result in (run.result, again.result)))
    if run.result.get("dirty") and again.result.get("dirty"):
        found["dirty"] = (True, True)
    if (limit := run.config["trainer"]["max_time"]) is not None:
        found["trainer.max_time"] = (limit, limit)
    if "resumed_at_step" in run.result:
        found["resumed_at_step"] = (run.result["resumed_at_step"], None)
    return found


def _table(metrics: dict[str, tuple[Any, Any]]) -> list[tuple[Any, ...]]:
    return [(name, then, now, _distance(then, now)) for name, (then, now) in metrics.items()]


def _distance(then: Any, now: Any) -> float | None:
    return None if then is None or now is None else now - then
