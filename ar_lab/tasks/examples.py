"""Images and rows that task=sample draws: nothing of them is known but, where the model has labels, these."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.errors import ConfigError
from ar_lab.model import AutoregressiveModel
from ar_lab.report.drawing import save_drawing
from ar_lab.report.pictures import save_samples
from ar_lab.sampling import Drawn
from ar_lab.sampling.labels import labels_in_turn
from ar_lab.space import Space
from ar_lab.tasks.unrolling import Request, seeded


def example_request(model: AutoregressiveModel, codec: Codec, task: dict[str, Any], seed: int) -> Request:
    """`task.count` examples, with the labels of `task.condition`; samples.png and samples.npz, of images drawing.gif.

    Raises:
        ConfigError: for a label that the data do not have.
    """
    noise = model.draw_noise(task["count"], seeded(seed))
    labels = labels_of(task["condition"], codec.space, task["count"], noise.device)

    def pieces(rows: slice, **how: Any) -> Iterator[Drawn]:
        return model.draw(noise[rows], **how)

    def save(x: Tensor, directory: Path) -> Path:
        arrays = {} if labels is None else {"labels": labels.cpu().numpy()}
        np.savez_compressed(directory / "samples.npz", x=codec.decode(x), **arrays, seed=seed)
        if codec.space.kind == "image":
            order = torch.arange(x.shape[1]) if model.network.order is None else model.network.order.cpu()
            save_drawing(x, codec.space, order, directory / "drawing.gif")
        return save_samples(codec, x, directory)

    return Request(model.cast(torch.zeros_like(noise)), 0, pieces, save, labels)


def labels_of(condition: int | list[int] | None, space: Space, count: int, device: torch.device) -> Tensor | None:
    """The labels that are asked for, in turn; None for a space without classes.

    Raises:
        ConfigError: for a label that the data do not have.
    """
    if condition is None:
        return labels_in_turn(space, count, device)
    labels = condition if isinstance(condition, list) else [condition]
    if max(labels) >= space.classes:
        raise ConfigError(f"task.condition={condition}: the labels are 0..{space.classes - 1}")
    return torch.tensor(labels, device=device).repeat(-(-count // len(labels)))[:count]
