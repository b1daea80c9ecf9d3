"""divergence.png: P beside each Q, which covers all of it or seeks a mode."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ar_lab.distributions.base import Distribution, every_example, is_enumerable
from ar_lab.evaluation.divergence.definitions import DIVERGENCES
from ar_lab.evaluation.divergence.families import Family
from ar_lab.evaluation.divergence.grid import DRAWS, draws_of, midpoints
from ar_lab.report.pictures import brightness, tiled

BARS = 40  # of the likeliest examples
SIDE = 160  # points an axis of a density that is drawn
DOTS = 400  # of a distribution
IMAGES = 16  # samples of a distribution
GRAY, COLOR = "0.72", "C0"


@torch.no_grad()
def save_picture(distribution: Distribution, families: Mapping[str, Family], seed: int, directory: Path) -> None:
    """Writes divergence.png: densities of one or two real variables, bars of small spaces, else log Q against log P.

    Of images it writes samples.png as well.
    """
    space, panels = distribution.space, 1 + len(families)
    columns = min(4, panels)
    figure = Figure(figsize=(3.1 * columns, 2.9 * ceil(panels / columns)), layout="constrained")
    axes = figure.subplots(ceil(panels / columns), columns, squeeze=False).ravel()
    for axis in axes[panels:]:
        axis.set_axis_off()
    if not space.discrete and space.dims <= 2:
        draw = _curves if space.dims == 1 else _densities
    else:
        draw = _bars if is_enumerable(space) else _scatters
    draw(list(axes), distribution, families, seed)
    for axis, name in zip(axes, ["P", *families], strict=False):
        title = name if name == "P" else f"Q: {name}\n{DIVERGENCES[name].formula}"
        axis.set_title(title, fontsize=8)
        axis.tick_params(labelsize=6)
    figure.savefig(directory / "divergence.png", dpi=110)
    if space.kind == "image":
        _save_samples(distribution, families, seed, directory / "samples.png")


def _box(
    distribution: Distribution, seed: int, dims: int, side: int
) -> tuple[Float[Tensor, "points {dims}"], list[float]]:
    """Points around P, and the limits of the axes."""
    x = draws_of(distribution, seed)
    low, high = x.quantile(1 / DRAWS, dim=0), x.quantile(1 - 1 / DRAWS, dim=0)
    room = 0.15 * (high - low)
    low, high = low - room, high + room
    return midpoints(low, high, side).points, torch.stack([low, high], dim=1).flatten().tolist()


def _densities(axes: Sequence[Axes], distribution: Distribution, families: Mapping[str, Family], seed: int) -> None:
    """Every density filled, under the contours of P."""
    points, extent = _box(distribution, seed, 2, SIDE)

    def image(log_prob: Tensor) -> Float[np.ndarray, "side side"]:
        return log_prob.exp().reshape(SIDE, SIDE).T.numpy()

    of_p = image(distribution.log_prob(points))
    levels = of_p.max() * np.array([0.05, 0.2, 0.5, 0.8])
    for axis, density in zip(axes, [of_p, *(image(q.log_prob(points)) for q in families.values())], strict=False):
        axis.imshow(density, origin="lower", extent=extent, cmap="Blues", aspect="equal")
        axis.contour(of_p, levels, extent=extent, colors="C3", linewidths=0.7)


def _curves(axes: Sequence[Axes], distribution: Distribution, families: Mapping[str, Family], seed: int) -> None:
    """Every density as a curve, over that of P."""
    points, _ = _box(distribution, seed, 1, 4 * SIDE)
    places, of_p = points[:, 0].numpy(), distribution.log_prob(points).exp()
    for axis, q in zip(axes, [None, *families.values()], strict=False):
        axis.fill_between(places, of_p.numpy(), color=GRAY)
        if q is not None:
            axis.plot(places, q.log_prob(points).exp().numpy(), color=COLOR)


def _bars(axes: Sequence[Axes], distribution: Distribution, families: Mapping[str, Family], seed: int) -> None:
    """The probabilities of the likeliest examples, in the order of P."""
    x = every_example(distribution.space)
    log_p = distribution.log_prob(x)
    order = log_p.argsort(descending=True)[:BARS]
    places = np.arange(len(order))
    for axis, q in zip(axes, [None, *families.values()], strict=False):
        axis.bar(places, log_p[order].exp().numpy(), width=1.0, color=GRAY, label="P")
        if q is not None:
            axis.step(places, q.log_prob(x[order]).exp().numpy(), where="mid", color=COLOR, label="Q")
        axis.set_xlabel(f"the {len(order)} likeliest of {len(x):,} examples", fontsize=7)
    axes[min(1, len(families))].legend(fontsize=7)


def _scatters(axes: Sequence[Axes], distribution: Distribution, families: Mapping[str, Family], seed: int) -> None:
    """log Q against log P at draws of P and of Q: draws of Q far to the left are what P hardly ever makes."""
    generator = torch.Generator().manual_seed(seed)
    x = distribution.sample(DOTS, generator)
    log_p = distribution.log_prob(x)
    axes[0].hist(log_p.numpy(), bins=30, color=GRAY)
    axes[0].set_xlabel("log P(x) of draws of P, nats", fontsize=7)
    for axis, q in zip(axes[1:], families.values(), strict=False):
        y = q.sample(DOTS, generator)
        axis.plot(log_p.numpy(), q.log_prob(x).numpy(), ".", color=GRAY, markersize=3, label="draws of P")
        of_y = distribution.log_prob(y).numpy(), q.log_prob(y).numpy()
        axis.plot(*of_y, ".", color=COLOR, markersize=3, alpha=0.6, label="draws of Q")
        axis.axline((float(log_p.mean()), float(log_p.mean())), slope=1, color="C3", linewidth=0.7)
        axis.set_xlabel("log P(x), nats", fontsize=7)
        axis.set_ylabel("log Q(x), nats", fontsize=7)
    axes[1].legend(fontsize=6)


def _save_samples(distribution: Distribution, families: Mapping[str, Family], seed: int, path: Path) -> None:
    """A row of samples a distribution: P, then each Q in the order of the table."""
    rows = [one.sample(IMAGES, torch.Generator().manual_seed(seed)) for one in (distribution, *families.values())]
    tiled(brightness(torch.cat(rows), distribution.space), IMAGES, 640).save(path)
