"""task=evaluate: the figures of a trained model on the three parts of its data."""

import sys
from typing import Any

import torch
from torch import Tensor

from ar_lab import runs
from ar_lab.data.parts import Parts, fixed_subset
from ar_lab.errors import ConfigError
from ar_lab.evaluation.baseline import FactorizedBaseline, ngram_baseline
from ar_lab.evaluation.figures import check_finite, example_figures, text_figures
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
    if parts.digest != restored.run.result.get("split", {}).get("hash", parts.digest):
        raise ConfigError(
            f"the data are split otherwise than in {restored.run.path}, whose test part this model may have been "
            "trained on: use the versions that its result.json names"
        )
    metrics = figures(restored.model.to(device_of(config["trainer"])), parts, config)
    directory = restored.run.subdirectory("evaluate")
    result = {"metrics": metrics, "notes": parts.notes, "run": str(restored.run.path)}
    if "certificate" in restored.run.result and restored.run.chosen is None:  # which is about the best weights
        result["certificate"] = restored.run.result["certificate"]
    runs.write_json(directory / "result.json", result)
    print_result(result, directory)


def figures(model: AutoregressiveModel, parts: Parts, config: dict[str, Any]) -> dict[str, Any]:
    """The metrics of result.json: `train/…`, `validation/…`, `test/…`, and of the test part `baseline/…`, `ngram/…`.

    Raises:
        DivergenceError: when the figure of a part is no finite number.
    """
    limit = config["evaluation"]["examples"]
    limits = {"train": monitored_examples(limit), "validation": monitored_examples(limit), "test": limit}
    if not len(parts.validation):
        del limits["validation"]
    scored = {name: select(parts, name, limits[name]) for name in limits}
    metrics: dict[str, Any] = {}
    for name, pieces in scored.items():
        count = f"{sum(len(x) for x, _ in pieces):,} {parts.codec.kind if parts.is_stream else 'examples'}"
        print(f"scoring {name}: {count}", file=sys.stderr, flush=True)
        nll = torch.cat([score(model, parts, x, config, condition) for x, condition in pieces])
        check_finite(name, nll)
        metrics |= named(name, nll, parts)
    return metrics | baselines(parts, scored["test"], config)


def baselines(parts: Parts, test: list[tuple[Tensor, Tensor | None]], config: dict[str, Any]) -> dict[str, Any]:
    """The figures of what is fitted by counting, on what is scored of the test part."""
    factorized = FactorizedBaseline(parts.codec.space, parts.codec, parts.train)
    found = named("baseline", factorized.score(torch.cat([x for x, _ in test])), parts)
    if not parts.is_stream:
        return found
    ngram = ngram_baseline(parts.codec.space, parts.train)
    return found | named("ngram", torch.cat([score(ngram, parts, x, config) for x, _ in test]), parts)


def monitored_examples(limit: int | None) -> int:
    """How many examples of the training and validation parts are scored, by training and after it."""
    return MONITORED if limit is None else min(MONITORED, limit)


def select(parts: Parts, name: str, limit: int | None) -> list[tuple[Tensor, Tensor | None]]:
    """Examples with their labels: the stretches of a part (one, but of some text), or at most `limit` examples.

    Of a text, as many windows of the longest stretch.
    """
    if not parts.is_stream:
        return [parts.subset(name, limit)]
    stretches = parts.stretches(name)
    if limit is not None:
        longest = max(stretches, key=len)
        stretches = [longest[fixed_subset(longest, limit, parts.codec.space.dims)]]
    return [(stretch, None) for stretch in stretches]


def score(
    model: AutoregressiveModel, parts: Parts, x: Tensor, config: dict[str, Any], condition: Tensor | None = None
) -> Tensor:
    batch_size = config["evaluation"]["batch_size"]
    if parts.is_stream:
        return score_stream(model, parts.codec, x, config["task"]["stride"], batch_size)
    return score_examples(model, parts.codec, x, batch_size, condition)


def named(part: str, nll: Tensor, parts: Parts) -> dict[str, Any]:
    found = text_figures(nll, parts.codec.kind) if parts.is_stream else example_figures(nll)
    return {f"{part}/{name}": value for name, value in found.items()}
