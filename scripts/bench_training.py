"""Sequential against parallel: what context and image size cost an RNN, a transformer and a PixelCNN, on this machine.

    python scripts/bench_training.py [PLOT.png]     a few minutes on two cores

Three tables, each measured in one run, the models in turn:
1. tokens per second of training against the length of the context, at equal parameters and equal tokens a step;
2. seconds to sample one sequence in a batch, from caches and (eight passes times D / 8) by full passes, against D;
3. seconds of a training step and memory kept for its backward pass, per image, against the size of the image.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from torch import Tensor

from ar_lab.build import build_model
from ar_lab.model import AutoregressiveModel
from ar_lab.space import Space

CONFIGS = Path(__file__).parents[1] / "configs"
LEVELS = 65  # of a character
TOKENS = 4096  # a training step
CONTEXTS = (32, 64, 128, 256, 512, 1024)
SIZES = (8, 12, 16, 24, 32)
DRAWN = 16  # sequences sampled at once
SEQUENCES = {  # about 600,000 parameters each
    "LSTM": ("charrnn", {"cell": "lstm", "hidden": 256}),
    "minGRU": ("charrnn", {"cell": "mingru", "hidden": 256, "layers": 4}),
    "transformer": ("transformer", {"layers": 3, "width": 128, "heads": 4}),
}
IMAGES = {
    "PixelCNN": ("pixelcnn", {}),
    "attention": ("transformer", {"layers": 4, "width": 64, "heads": 4}),
}


def build(name: str, sizes: dict[str, Any], space: Space) -> AutoregressiveModel:
    torch.manual_seed(0)
    node = {**OmegaConf.to_container(OmegaConf.load(CONFIGS / "model" / f"{name}.yaml")), **sizes}
    return build_model({"model": node, "likelihood": {"_target_": "auto"}}, space)


def draw(space: Space, count: int) -> Tensor:
    return torch.randint(space.levels, (count, space.dims), generator=torch.Generator().manual_seed(0))


def seconds(work: Callable[[], Any], times: int) -> float:
    """The median of some calls, after one to warm up."""
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken[1:])


def step(model: AutoregressiveModel, x: Tensor) -> None:
    model.zero_grad(set_to_none=True)
    model.nll(x).mean().backward()


def kept(model: AutoregressiveModel, x: Tensor) -> int:
    """Bytes of activations that wait for the backward pass: each storage once, and no weights."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    storages = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = model.nll(x).mean()
    total = sum(storages.values())
    loss.backward()
    return total


def training() -> dict[str, list[float]]:
    """Tokens per second of training, by model, for every context."""
    speeds: dict[str, list[float]] = {name: [] for name in SEQUENCES}
    for dims in CONTEXTS:
        space = Space("sequence", (dims,), LEVELS)
        x = draw(space, TOKENS // dims)
        for name, (model, sizes) in SEQUENCES.items():
            network = build(model, sizes, space)
            speeds[name].append(TOKENS / seconds(partial(step, network, x), 3))
    return speeds


@torch.inference_mode()
def sampling() -> dict[str, list[float]]:
    """Seconds to sample, by model and sampler, for every D."""
    taken: dict[str, list[float]] = {}
    for dims in CONTEXTS:
        space = Space("sequence", (dims,), LEVELS)
        for name, (model, sizes) in SEQUENCES.items():
            built = build(model, sizes, space).eval()
            noise = built.draw_noise(DRAWN, torch.Generator().manual_seed(0))
            x = draw(space, DRAWN)
            cached = seconds(partial(built.sample, DRAWN, noise), 1)
            naive = seconds(partial(built.network, x), 8) * dims
            taken.setdefault(f"{name}, cached", []).append(cached)
            taken.setdefault(f"{name}, full passes", []).append(naive)
    return taken


def images() -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds and MiB per image of a training step, by model, for every size."""
    times: dict[str, list[float]] = {name: [] for name in IMAGES}
    memory: dict[str, list[float]] = {name: [] for name in IMAGES}
    for size in SIZES:
        space = Space("image", (size, size, 1), 256)
        x = draw(space, 8)
        for name, (model, sizes) in IMAGES.items():
            built = build(model, sizes, space)
            times[name].append(1e3 * seconds(partial(step, built, x), 3) / len(x))
            memory[name].append(kept(built, x) / len(x) / 2**20)
    return times, memory


def show(title: str, axis: str, places: tuple[int, ...], rows: dict[str, list[float]]) -> None:
    """A table in Markdown."""
    print(f"\n{title}\n\n| {axis} | {' | '.join(rows)} |\n|{'---|' * (len(rows) + 1)}")
    for place, figures in zip(places, zip(*rows.values(), strict=True), strict=True):
        print(f"| {place:,} | {' | '.join(f'{figure:,.4g}' for figure in figures)} |", flush=True)


def plot(path: Path, panels: list[tuple[str, str, tuple[int, ...], dict[str, list[float]]]]) -> None:
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    for axes, (title, label, places, rows) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        for name, figures in rows.items():
            color = f"C{sorted({row.split(',')[0] for row in rows}).index(name.split(',')[0])}"
            axes.plot(places, figures, "o--" if "full" in name else "o-", color=color, label=name, markersize=3)
        figures = [figure for row in rows.values() for figure in row]
        wide = max(figures) > 10 * min(figures)
        axes.set(title=title, xlabel=label, xscale="log", **({"yscale": "log"} if wide else {"ylim": (0, None)}))
        axes.set_xticks(places, [str(place) for place in places])
        axes.minorticks_off()
        axes.legend(fontsize=6)
    figure.savefig(path, dpi=110)


def main(path: Path | None) -> None:
    print(f"{torch.get_num_threads()} threads, float32, torch {torch.__version__}, untrained weights of seed 0")
    space = Space("sequence", (CONTEXTS[0],), LEVELS)
    for name, choice in SEQUENCES.items():
        print(f"{name}: {sum(p.numel() for p in build(*choice, space).parameters()):,} parameters")
    speeds = training()
    show(f"Tokens per second of training, {TOKENS} tokens a step", "context", CONTEXTS, speeds)
    taken = sampling()
    show(f"Seconds to sample {DRAWN} sequences at once", "D", CONTEXTS, taken)
    times, memory = images()
    show("Milliseconds of a training step, per image", "side", SIZES, times)
    show("MiB kept for the backward pass, per image", "side", SIZES, memory)
    if path is not None:
        sides = "height = width"
        plot(
            path,
            [
                ("tokens per second of training", "context", CONTEXTS, speeds),
                (f"seconds to sample {DRAWN}", "D", CONTEXTS, taken),
                ("ms of training per image", sides, SIZES, times),
                ("MiB kept per image", sides, SIZES, memory),
            ],
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
