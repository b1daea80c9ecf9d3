"""task=evaluate: the figures of a trained model on the three parts of its data."""

import sys
from typing import Any

from torch import Tensor

from ar_lab import runs
from ar_lab.data.module import fixed_subset
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError
from ar_lab.evaluation.baseline import FactorizedBaseline
from ar_lab.evaluation.figures import example_figures, text_figures
from ar_lab.evaluation.scoring import score_examples, score_stream
from ar_lab.model import AutoregressiveModel
from ar_lab.report.table import print_result
from ar_lab.restore import restore
from ar_lab.tasks.loading import load_parts
from ar_lab.trainer import device_of

MONITORED = 2000  # examples of the training and validation parts that are scored, the same ones for every run


def evaluate(config: dict[str, Any]) -> None:
    """Scores a run's best checkpoint again and writes RUN/evaluate/result.json.

    Raises:
        ConfigError: when the data are no longer those the run was trained on.
    """
    restored = restore(config["run"])
    parts = load_parts(config)
    trained_on = restored.run.result.get("data_checksum")
    if parts.codec != restored.codec or trained_on not in (None, parts.checksum):
        raise ConfigError(
            f"the data differ from those of {restored.run.path} (checksum {parts.checksum[:12]}, "
            f"then {str(trained_on)[:12]}): give the original ones, for example by data.root= or data.path="
        )
    metrics = figures(restored.model.to(device_of(config["trainer"])), parts, config)
    directory = restored.run.subdirectory("evaluate")
    result = {"metrics": metrics, "notes": parts.notes, "run": str(restored.run.path)}
    runs.write_json(directory / "result.json", result)
    print_result(result, directory)


def figures(model: AutoregressiveModel, parts: Parts, config: dict[str, Any]) -> dict[str, Any]:
    """The metrics of result.json: `train/…`, `validation/…`, `test/…`, and the `baseline/…` of the test part."""
    limit = config["evaluation"]["examples"]
    monitored = monitored_examples(limit)
    test = select(parts.test, limit, parts)
    scored = {"train": select(parts.train, monitored, parts)}
    if len(parts.validation):
        scored["validation"] = select(parts.validation, monitored, parts)
    scored["test"] = test
    metrics: dict[str, Any] = {}
    for name, x in scored.items():
        count = f"{len(x):,} {parts.codec.kind if parts.is_stream else 'examples'}"
        print(f"scoring {name}: {count}", file=sys.stderr, flush=True)
        metrics |= named(name, score(model, parts, x, config), parts)
    baseline = FactorizedBaseline(parts.codec.space, parts.codec, parts.train)
    return metrics | named("baseline", baseline.score(test), parts)


def monitored_examples(limit: int | None) -> int:
    """How many examples of the training and validation parts are scored, by training and after it."""
    return MONITORED if limit is None else min(MONITORED, limit)


def select(part: Tensor, limit: int | None, parts: Parts) -> Tensor:
    """At most `limit` examples of a part, windows of a stream; all of them where there is no limit."""
    return part if limit is None else fixed_subset(part, limit, parts.codec.space.dims)


def score(model: AutoregressiveModel, parts: Parts, x: Tensor, config: dict[str, Any]) -> Tensor:
    batch_size = config["evaluation"]["batch_size"]
    if parts.is_stream:
        return score_stream(model, parts.codec, x, config["task"]["stride"], batch_size)
    return score_examples(model, parts.codec, x, batch_size)


def named(part: str, nll: Tensor, parts: Parts) -> dict[str, Any]:
    found = text_figures(nll, parts.codec.kind) if parts.is_stream else example_figures(nll)
    return {f"{part}/{name}": value for name, value in found.items()}
