"""Pictures of where the bits go: over an image, over the columns of a table, with growing context in a text."""

from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, UInt8

from ar_lab.report.bits import mean_and_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXTREMES = 8  # of the costliest and cheapest examples
CLIPPED = 99.5  # percentile of the bits of single pixels at which their color ends
STRETCH = 1000  # symbols averaged along a text
BAND = 1.96  # standard errors


def heatmap(
    images: UInt8[np.ndarray, "count height width channels"],
    nll: Float[np.ndarray, "count height width channels"],
) -> "Figure":
    """Mean bits a pixel beside the mean image; the costliest and the cheapest images over maps of their own bits."""
    from matplotlib.figure import Figure

    bits = nll.sum(-1) / log(2)  # of a pixel, its channels together
    order = bits.sum((1, 2)).argsort()
    shown = min(EXTREMES, len(images))
    figure = Figure(figsize=(4.2 + 1.05 * shown, 5.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3.4, 1.05 * shown))
    mean, costs = left.subplots(2, 1)
    _image(mean, images.mean(0).round().astype(np.uint8), f"mean of {len(images):,} images")
    left.colorbar(_map(costs, bits.mean(0), "mean bits per pixel", None), ax=costs, fraction=0.045)
    axes = right.subplots(4, shown, squeeze=False)
    most = max(float(np.percentile(bits[[*order[:shown], *order[-shown:]]], CLIPPED)), 1e-9)
    for row, chosen in ((0, order[::-1][:shown]), (2, order[:shown])):
        for above, below, k in zip(axes[row], axes[row + 1], chosen, strict=True):
            _image(above, images[k], f"{bits[k].sum():,.0f} bits")
            drawn = _map(below, bits[k], "", most)
    right.colorbar(drawn, ax=axes, fraction=0.03, label="bits per pixel")
    right.suptitle("costliest images, and below them the cheapest", fontsize=10)
    return figure


def _image(axis: Any, image: UInt8[np.ndarray, "height width channels"], title: str) -> None:
    gray = image.shape[-1] != 3
    axis.imshow(image[..., 0] if gray else image, cmap="gray" if gray else None, vmin=0, vmax=255)
    axis.set_title(title, fontsize=8)
    axis.set_axis_off()


def _map(axis: Any, bits: Float[np.ndarray, "height width"], title: str, most: float | None) -> Any:
    axis.set_title(title, fontsize=8)
    axis.set_axis_off()
    return axis.imshow(bits, cmap="magma", vmin=None if most is None else 0, vmax=most)


def columns_plot(nll: Float[np.ndarray, "examples dims"], names: list[str]) -> "Figure":
    """Mean bits of every dimension, a bar each, with 95 % of its error."""
    from matplotlib.figure import Figure

    mean, se = mean_and_error(nll / log(2))
    figure = Figure(figsize=(7, 1.2 + 0.2 * max(len(names), 6)), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(names))
    axis.barh(places, mean, xerr=BAND * np.nan_to_num(se), color="C0", ecolor="0.35", height=0.7)
    axis.set_yticks(places, names, fontsize=7)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.axvline(0, color="0.3", linewidth=0.8)
    axis.set_xlabel("bits per dimension, in the units of the data")
    axis.set_title(f"where the bits go: mean of {len(nll):,} examples, 95 % of its error", fontsize=10)
    axis.grid(axis="x", alpha=0.3)
    return figure


def contexts_plot(windows: Float[np.ndarray, "windows dims"], nll: Float[np.ndarray, " length"]) -> "Figure":
    """Loss by the number of symbols known before, and along the text."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.8), layout="constrained")
    by_context, along = figure.subplots(1, 2)
    _contexts(by_context, windows)
    length = min(STRETCH, max(1, len(nll) // 8))
    means = nll[: len(nll) // length * length].reshape(-1, length).mean(1)
    along.plot((np.arange(len(means)) + 0.5) * length, means, color="C0")
    along.axhline(nll.mean(), color="0.4", linestyle="--", linewidth=1, label=f"mean, {nll.mean():.3f}")
    along.set_xlabel("place in the text")
    along.set_title(f"along the text, {length:,} symbols at a time", fontsize=10)
    along.legend(fontsize=8)
    along.grid(alpha=0.3)
    return figure


def _contexts(axis: Any, windows: Float[np.ndarray, "windows dims"]) -> None:
    mean, se = mean_and_error(windows)
    context, half = np.arange(len(mean)), BAND * np.nan_to_num(se)
    axis.plot(context, mean, color="C0", linewidth=1.2, marker="o" if len(mean) < 2 else None)
    axis.fill_between(context, mean - half, mean + half, color="C0", alpha=0.25, label="95 % of its error")
    axis.set_xscale("symlog", linthresh=1)
    axis.set_xlim(0, max(len(mean) - 1, 1))
    axis.set_xlabel("symbols of context")
    axis.set_ylabel("nats per symbol")
    axis.set_title(f"by context: mean of {len(windows):,} windows", fontsize=10)
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
