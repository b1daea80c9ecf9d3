"""Restoring a trained model: from a run directory, or a checkpoint inside one, with nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ar_lab import codecs, runs
from ar_lab.build import build_model
from ar_lab.codecs.base import Codec
from ar_lab.errors import ConfigError
from ar_lab.model import AutoregressiveModel
from ar_lab.runs import Run


@dataclass(frozen=True)
class Restored:
    """A trained model in evaluation mode, the codec it was trained with, and the run it comes from."""

    run: Run
    model: AutoregressiveModel
    codec: Codec


def restore(path: str | Path) -> Restored:
    """The best weights of a run, or those of the checkpoint that `path` names.

    Raises:
        ConfigError: when there is no run or no checkpoint there, or the checkpoint is damaged or of an earlier ar_lab.
    """
    run = runs.find(path)
    if run.has_folds_inside:
        last = run.config["cv"]["folds"] - 1
        raise ConfigError(
            f"{run.path}: the models are those of its folds; name one of them: {run.path}/fold0 to {last}"
        )
    content = read_checkpoint(run.checkpoint())
    codec = codecs.from_dict(content["codec"])
    model = build_model(run.config, codec.space)
    try:
        model.load_state_dict(model_weights(content))
    except RuntimeError as error:
        name = run.config["model"]["name"]
        remedy = "use the one that trained it, or train it anew"
        raise ConfigError(f"{run.path}: its weights are not those of this ar_lab's {name}; {remedy}") from error
    return Restored(run, model.eval().requires_grad_(False), codec)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The plain containers and tensors of a checkpoint, on the CPU; no code in it is executed.

    Raises:
        ConfigError: when the file is missing or damaged.
    """
    if not path.is_file():
        raise ConfigError(
            f"{path}: no such checkpoint; the run kept none (checkpoints=0), or had no validation before it ended"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"{path}: not a readable checkpoint ({reason}); use another of the run's .ckpt files"
        ) from error


def model_weights(content: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The weights of the AutoregressiveModel in a checkpoint's learner, averaged where the run averaged them."""
    return {
        name.removeprefix("model."): value for name, value in content["state_dict"].items() if name.startswith("model.")
    }
