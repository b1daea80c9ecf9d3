"""The test part scored in other manners: text in windows from an empty context, and dynamic evaluation."""

import sys
from typing import Any

import torch
from torch import Tensor

from ar_lab.data.batches import windows
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError
from ar_lab.evaluation.dynamic import Adapting
from ar_lab.evaluation.figures import check_finite
from ar_lab.evaluation.scoring import score_examples
from ar_lab.model import AutoregressiveModel
from ar_lab.tasks.scored import named

Pieces = list[tuple[Tensor, Tensor | None]]


def check_manners(model: AutoregressiveModel, parts: Parts, task: dict[str, Any]) -> None:
    """Raises ConfigError for a manner that the run's data or model do not have."""
    if task["scoring"] == "windows" and not parts.is_stream:
        raise ConfigError(f"task.scoring=windows: needs text, and these data are {parts.codec.kind}; leave it out")
    if task["dynamic"] and not any(True for _ in model.parameters()):
        raise ConfigError("task.dynamic=true: takes gradient steps, and this model has no parameters; leave it out")


def rescored(
    model: AutoregressiveModel, parts: Parts, test: Pieces, config: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The metrics `windows/…` and `dynamic/…` of what was asked for, and what the protocol says of them."""
    task, metrics, said = config["task"], {}, {}
    if task["scoring"] == "windows":
        metrics |= _figures("windows", windowed(model, parts, test, config), parts, config)
        said["windows"] = {"window": parts.codec.space.dims, "context": "empty"}
    if task["dynamic"]:
        metrics |= _figures("dynamic", dynamic(model, parts, test, config), parts, config)
        segment = _segment(model, parts, config)
        said["dynamic"] = {"lr": task["dynamic_lr"], "decay": task["dynamic_decay"], "segment": segment}
    return metrics, said


def windowed(model: AutoregressiveModel, parts: Parts, test: Pieces, config: dict[str, Any]) -> Tensor:
    """Nats of the symbols in whole windows of a text; what is left at the end of a stretch is not scored."""
    whole = torch.cat([windows(x, parts.codec.space.dims) for x, _ in test])
    if not len(whole):
        raise ConfigError("task.scoring=windows: the test part holds no whole window; leave it out")
    print(f"scoring {len(whole):,} windows of test", file=sys.stderr, flush=True)
    return score_examples(model, parts.codec, whole, config["evaluation"]["batch_size"]).flatten()


def dynamic(model: AutoregressiveModel, parts: Parts, test: Pieces, config: dict[str, Any]) -> Tensor:
    """Nats of the test part by a copy of the model that learns as it goes, through all stretches of a text."""
    task, batch_size = config["task"], config["evaluation"]["batch_size"]
    print("scoring test, and learning from it", file=sys.stderr, flush=True)
    adapting = Adapting(model, task["dynamic_lr"], task["dynamic_decay"])
    if parts.is_stream:
        return torch.cat([adapting.score_stream(parts.codec, x, task["stride"]) for x, _ in test])
    return torch.cat([adapting.score_examples(parts.codec, x, batch_size, given) for x, given in test])


def _figures(name: str, nll: Tensor, parts: Parts, config: dict[str, Any]) -> dict[str, Any]:
    check_finite(f"test ({name})", nll)
    return named(name, nll, parts, intervals=True, seed=config["seed"])


def _segment(model: AutoregressiveModel, parts: Parts, config: dict[str, Any]) -> str:
    """What is learned from at once, in words."""
    stride, dims = config["task"]["stride"], parts.codec.space.dims
    if not parts.is_stream:
        return f"batches of {config['evaluation']['batch_size']:,}"
    carried = stride is None and model.network.carries
    return f"segments of {dims if carried else stride or max(1, dims // 2):,} {parts.codec.kind}"
