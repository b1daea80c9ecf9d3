"""gallery.png and maps.png: the likeliest and least likely images of every dataset, and where their bits are."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Shaped
from matplotlib.axes import Axes
from matplotlib.figure import Figure

GAP = 0.12  # between two images, in widths of one


class Row(NamedTuple):
    """Images side by side under their captions, and maps of them, one color scale a row."""

    label: str
    images: Shaped[np.ndarray, "count height width channels"]  # bytes
    captions: Sequence[str]
    maps: dict[str, Float64[np.ndarray, "count height width"]]  # bits of every pixel


def save_gallery(rows: Sequence[Row], path: Path) -> None:
    """A row of images for each."""
    figure, axes = _strips(len(rows), max(len(row.images) for row in rows))
    for axis, row in zip(axes, rows, strict=True):
        _images(axis, row)
    figure.savefig(path, dpi=110)


def save_maps(rows: Sequence[Row], path: Path) -> None:
    """Under every row of images its maps: bits from dark to bright, differences of two models from blue to red."""
    height = 1 + len(rows[0].maps)
    figure, axes = _strips(len(rows) * height, max(len(row.images) for row in rows))
    for k, row in enumerate(rows):
        first, *below = axes[k * height : (k + 1) * height]
        _images(first, row)
        for axis, (name, maps) in zip(below, row.maps.items(), strict=True):
            _map(axis, name, maps, signed=axis is not below[0])
    figure.savefig(path, dpi=110)


def _map(axis: Axes, name: str, maps: Float64[np.ndarray, "count height width"], signed: bool) -> None:
    limit = float(np.quantile(np.abs(maps), 0.995)) or 1.0
    low, colors = (-limit, "RdBu_r") if signed else (0, "magma")
    _strip(axis, maps, vmin=low, vmax=limit, cmap=colors)
    axis.set_ylabel(f"{name}\n{low:.2g} to {limit:.2g} bits", rotation=0, ha="right", va="center", fontsize=7)


def _strips(rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(1.6 + 0.85 * columns, 0.95 * rows), layout="constrained")
    return figure, list(figure.subplots(rows, 1, squeeze=False).flat)


def _images(axis: Axes, row: Row) -> None:
    images = row.images if row.images.shape[-1] == 3 else row.images[..., 0]
    _strip(axis, images, **({} if images.ndim == 4 else {"cmap": "gray", "vmin": 0, "vmax": 255}))
    for k, caption in enumerate(row.captions):
        axis.text(k * (1 + GAP) + 0.5, -0.03, caption, ha="center", va="bottom", fontsize=6)
    axis.set_ylabel(row.label, rotation=0, ha="right", va="center", fontsize=7)


def _strip(axis: Axes, images: Shaped[np.ndarray, "count height width ..."], **colors: object) -> None:
    for k, image in enumerate(images):
        left = k * (1 + GAP)
        axis.imshow(image, extent=(left, left + 1, 1, 0), interpolation="nearest", **colors)
    axis.set(
        xlim=(0, len(images) * (1 + GAP)), ylim=(1, 0), xticks=[], yticks=[], aspect=images.shape[1] / images.shape[2]
    )
    axis.spines[:].set_visible(False)
