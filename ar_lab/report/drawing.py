"""Pictures of how images come about: drawn place by place, and completed from what is known of them."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from PIL import Image
from torch import Tensor

from ar_lab.report.pictures import GRID_PIXELS, brightness, tiled
from ar_lab.space import Space

UNKNOWN = (58, 76, 140)  # the color of what is not drawn yet
FRAMES = 60  # at most
SHOWN = 16  # images in an animation, at most
ANIMATION_PIXELS = 320
MILLISECONDS, LAST_MILLISECONDS = 70, 2000  # that a frame is shown


def save_drawing(x: Int[Tensor, "count dims"], space: Space, order: Int[Tensor, " drawn"], path: Path) -> None:
    """A GIF of images whose dimensions `order` are drawn one after another; the others are known from the start."""
    images = _colored(x[:SHOWN], space)
    columns = int(np.ceil(np.sqrt(len(images))))
    frames = []
    for first in torch.linspace(0, len(order), min(FRAMES, len(order) + 1)).round().long().tolist():
        drawn = torch.ones(space.dims, dtype=torch.bool)
        drawn[order[first:]] = False
        frames.append(tiled(_hidden(images, drawn, space), columns, ANIMATION_PIXELS))
    durations = [MILLISECONDS] * (len(frames) - 1) + [LAST_MILLISECONDS]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0)


def completion_grid(
    originals: Int[Tensor, "count dims"],
    completed: Int[Tensor, "count each dims"],
    known: Bool[Tensor, " dims"],
    space: Space,
) -> Image.Image:
    """A row an image: the original, what is known of it, and its completions."""
    given = _hidden(_colored(originals, space), known, space)
    rows = [
        np.concatenate([_colored(original[None], space), shown[None], _colored(completions, space)])
        for original, shown, completions in zip(originals, given, completed, strict=True)
    ]
    return tiled(np.concatenate(rows), 2 + completed.shape[1], GRID_PIXELS)


def _colored(x: Int[Tensor, "count dims"], space: Space) -> UInt8[np.ndarray, "count height width 3"]:
    images = brightness(x, space)
    return images if images.shape[-1] == 3 else images[..., :1].repeat(3, axis=-1)


def _hidden(
    images: UInt8[np.ndarray, "count height width 3"], known: Bool[Tensor, " dims"], space: Space
) -> UInt8[np.ndarray, "count height width 3"]:
    """A channel that is not known has the level of UNKNOWN."""
    mask = np.broadcast_to(known.reshape(space.shape).numpy(), images.shape[1:])
    return np.where(mask, images, np.array(UNKNOWN, dtype=np.uint8))
