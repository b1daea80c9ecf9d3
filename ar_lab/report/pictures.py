"""Pictures of examples: a grid of images, a page of text, a pair plot of a table."""

from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.space import Space

GRID_PIXELS = 640  # the least width of a grid; small images are enlarged by a whole factor
PAIR_COLUMNS = 5  # of a table, at most, in a pair plot
RULE = "\n" + "-" * 72 + "\n"  # between two texts


def save_samples(codec: Codec, x: Tensor, directory: Path, reference: Tensor | None = None) -> Path:
    """Writes samples.png or samples.txt; `reference` is real data to show beside the rows of a table."""
    if codec.space.kind == "sequence":
        path = directory / "samples.txt"
        path.write_bytes(_page(codec.decode(x)))
        return path
    path = directory / "samples.png"
    if codec.space.kind == "image":
        image_grid(x, codec.space).save(path)
    else:
        real = None if reference is None else codec.decode(reference)
        pair_plot(codec.decode(x), real, codec.columns, path)
    return path


def render(codec: Codec, x: Tensor) -> Image.Image | list[str]:
    """Samples as one picture, or as texts; the rows of a table as a list of lines."""
    if codec.space.kind == "image":
        return image_grid(x, codec.space)
    raw = codec.decode(x)
    if codec.space.kind == "vector":
        return [", ".join(f"{value:.4g}" for value in row) for row in raw]
    return [text if isinstance(text, str) else text.decode(errors="replace") for text in raw]


def _page(texts: list[str] | list[bytes]) -> bytes:
    blocks = [text.encode() if isinstance(text, str) else text for text in texts]
    return RULE.encode().join(blocks) + b"\n"


def image_grid(x: Tensor, space: Space) -> Image.Image:
    """Coded images `(count, dims)` side by side, black to white; where there are labels, as many columns."""
    by_label = space.classes is not None and len(x) >= space.classes
    return tiled(brightness(x, space), space.classes if by_label else ceil(sqrt(len(x))), GRID_PIXELS)


def brightness(x: Tensor, space: Space) -> UInt8[np.ndarray, "count height width channels"]:
    return (x.double() * 255 / (space.levels - 1)).round().to(torch.uint8).reshape(-1, *space.shape).numpy()


def tiled(images: UInt8[np.ndarray, "count height width channels"], columns: int, pixels: int) -> Image.Image:
    """Images in rows, with lines between them, enlarged by a whole factor to about so many pixels of width."""
    count, height, width, channels = images.shape
    rows = ceil(count / columns)
    grid = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1, channels), 128, dtype=np.uint8)
    for k, image in enumerate(images):
        top, left = 1 + k // columns * (height + 1), 1 + k % columns * (width + 1)
        grid[top : top + height, left : left + width] = image
    picture = Image.fromarray(grid.squeeze(-1) if channels == 1 else grid)
    factor = max(1, round(pixels / picture.width))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def pair_plot(rows: np.ndarray, real: np.ndarray | None, columns: Sequence[str], path: Path) -> None:
    """Every pair of the first few columns: samples over real rows."""
    from matplotlib.figure import Figure

    shown = min(PAIR_COLUMNS, rows.shape[1])
    figure = Figure(figsize=(2.2 * shown, 2.2 * shown), layout="constrained")
    axes = figure.subplots(shown, shown, squeeze=False)
    for i in range(shown):
        for j in range(shown):
            axis = axes[i, j]
            for data, color, label in ((real, "0.6", "data"), (rows, "C3", "samples")):
                if data is None:
                    continue
                if i == j:
                    axis.hist(data[:, i], bins=20, density=True, color=color, alpha=0.6, label=label)
                else:
                    axis.scatter(data[:, j], data[:, i], s=6, color=color, alpha=0.6)
            axis.tick_params(labelsize=6)
            if i == shown - 1:
                axis.set_xlabel(columns[j], fontsize=7)
            if j == 0:
                axis.set_ylabel(columns[i], fontsize=7)
    axes[0, 0].legend(fontsize=6)
    figure.savefig(path, dpi=120)
