"""Completions: images of the test part, of which one part is kept and the other drawn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from PIL import Image
from torch import Tensor

from ar_lab.errors import ConfigError, did_you_mean
from ar_lab.model import AutoregressiveModel
from ar_lab.report.drawing import completion_grid
from ar_lab.restore import Restored
from ar_lab.sampling import Drawn
from ar_lab.space import Space
from ar_lab.tasks.examples import labels_of
from ar_lab.tasks.loading import parts_of
from ar_lab.tasks.unrolling import Request, seeded

REGIONS = ("lower_half", "right_half", "box")


def completion_request(model: AutoregressiveModel, restored: Restored, config: dict[str, Any]) -> Request:
    """`task.completions` of each of `task.count` test images; completions.png, a row an image, and completions.npz.

    Raises:
        ConfigError: when the data are no longer those of the run, or there is no such mask.
    """
    task, codec = config["task"], restored.codec
    known = known_of(task["complete"], codec.space)
    originals, labels = parts_of(restored.run, config).subset("test", task["count"])
    each = task["completions"]
    x = model.cast(originals).repeat_interleave(each, dim=0)
    noise, kept = model.draw_noise(len(x), seeded(config["seed"])), known.to(x.device)
    if task["condition"] is not None:
        labels = labels_of(task["condition"], codec.space, len(x), x.device)
    elif labels is not None:
        labels = labels.to(x.device).repeat_interleave(each)

    def pieces(rows: slice, **how: Any) -> Iterator[Drawn]:
        return model.draw(noise[rows], **how, x=x[rows], known=kept)

    def save(completed: Tensor, directory: Path) -> Path:
        grouped = completed.unflatten(0, (-1, each))
        completion_grid(originals.long(), grouped, known, codec.space).save(directory / "completions.png")
        arrays = {"x": codec.decode(completed).reshape(len(originals), each, *codec.space.shape)}
        arrays |= {"originals": codec.decode(originals), "known": known.reshape(codec.space.shape).numpy()}
        arrays |= {} if labels is None else {"labels": labels.cpu().numpy()}
        np.savez_compressed(directory / "completions.npz", **arrays, seed=config["seed"])
        return directory / "completions.png"

    return Request(x, model.leading(kept), pieces, save, labels, _approximation(model, kept))


def _approximation(model: AutoregressiveModel, known: Bool[Tensor, " dims"]) -> str | None:
    if model.comes_first(known):
        return None
    return "every drawn pixel is given the known ones before it in the model's order, not those after it"


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
