"""Completions: images of the test part, of which one part is kept and the other drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from PIL import Image
from torch import Tensor

from ar_lab.errors import ConfigError, did_you_mean
from ar_lab.model import AutoregressiveModel
from ar_lab.restore import Restored
from ar_lab.space import Space
from ar_lab.tasks.loading import changed, load_parts
from ar_lab.tasks.unrolling import Request, seeded

REGIONS = ("lower_half", "right_half", "box")


def completion_request(
    model: AutoregressiveModel, restored: Restored, config: dict[str, Any]
) -> tuple[Request, Tensor, Bool[Tensor, " dims"]]:
    """`task.completions` of each of `task.count` test images; with it the images, and which dimensions are known.

    Raises:
        ConfigError: when the data are no longer those of the run, or there is no such mask.
    """
    task, known = config["task"], known_of(config["task"]["complete"], restored.codec.space)
    parts = load_parts(config)
    if difference := changed(parts, restored.run.result):
        raise ConfigError(
            f"task.complete: {difference}; give those of {restored.run.path}, by data.root= or data.path="
        )
    originals, labels = parts.subset("test", task["count"])
    each = task["completions"]
    x = model.cast(originals).repeat_interleave(each, dim=0)
    noise, kept = model.draw_noise(len(x), seeded(config["seed"])), known.to(x.device)

    def pieces(rows: slice, **how: Any):
        return model.draw(noise[rows], **how, x=x[rows], known=kept)

    approximate = (
        None
        if model.comes_first(kept)
        else ("every drawn pixel is given the known ones before it in the model's order, not those after it")
    )
    labels = None if labels is None else labels.to(x.device).repeat_interleave(each)
    return Request(x, model.leading(kept), pieces, labels, approximate), originals, known


def known_of(choice: str, space: Space) -> Bool[Tensor, " dims"]:
    """What is kept of an image: False in a region by its name, or where the picture of a mask is white."""
    height, width, _ = space.shape
    drawn = np.zeros((height, width), dtype=bool)
    if choice == "lower_half":
        drawn[height // 2 :] = True
    elif choice == "right_half":
        drawn[:, width // 2 :] = True
    elif choice == "box":
        drawn[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    else:
        drawn = read_mask(choice, height, width)
    return torch.from_numpy(~drawn)[..., None].expand(space.shape).flatten()


def read_mask(path: str, height: int, width: int) -> Bool[np.ndarray, "height width"]:
    """Raises ConfigError unless there is a picture of this size."""
    if not Path(path).is_file():
        raise ConfigError(
            f"task.complete={path}: choose {', '.join(REGIONS)}, or a picture{did_you_mean(path, REGIONS)}"
        )
    try:
        with Image.open(path) as picture:
            white = np.asarray(picture.convert("L")) > 127
    except OSError as error:
        raise ConfigError(f"task.complete={path}: not a picture that can be read ({error})") from error
    if white.shape != (height, width):
        raise ConfigError(
            f"task.complete={path}: is {white.shape[1]} by {white.shape[0]}, the images are {width} by {height}"
        )
    return white
