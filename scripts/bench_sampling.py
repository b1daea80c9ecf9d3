"""How much faster caches and fixed points sample than full passes: CPU time on one thread, side by side in one run.

    python scripts/bench_sampling.py [MODEL … | published]     all of them take some 15 minutes on one core

Every model of configs/model at its defaults, on the digits (images) or windows of Python's documentation (text), after
a short training, since how fast Jacobi's iteration settles depends on the weights; then the sizes that others publish
figures for, on untrained weights. `naive` is not run to its end: eight full passes, spread evenly over the dimensions,
are timed and multiplied by D / 8. The last two columns say how many times as fast as naive the others are.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import OmegaConf
from torch import Tensor

from ar_lab.build import build_model, build_source
from ar_lab.data.module import DataModule
from ar_lab.errors import ConfigError
from ar_lab.model import AutoregressiveModel
from ar_lab.space import Space
from ar_lab.tasks.unrolling import compared

CONFIGS = Path(__file__).parents[1] / "configs"
PASSES = 8  # of the naive sampler that are timed
STEPS = 60  # of training, by Adam
JACOBI_SECONDS = 60.0  # a fixed point that might take longer is left out
ON_TEXT = ("charrnn", "ngram", "transformer")  # measured on text, all others on images
BATCHES = (1, 16, 64, 256)
MNIST, BINARY = Space("image", (28, 28, 1), 256), Space("image", (28, 28, 1), 2)


class Case(NamedTuple):
    name: str
    model: AutoregressiveModel


def config(group: str, name: str) -> dict[str, Any]:
    node = OmegaConf.to_container(OmegaConf.load(CONFIGS / group / f"{name}.yaml"), resolve=True)
    node.pop("defaults", None)  # what a model asks of other groups
    return node


def trained(name: str, data: DataModule) -> AutoregressiveModel:
    """A model of the lab at its defaults, on its way to the data."""
    torch.manual_seed(0)
    model = build_model({"model": config("model", name), "likelihood": config("likelihood", "auto")}, data.space)
    model.network.estimate(data.parts.train)
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, 2e-3) if parameters else None
    for _, batch in zip(range(STEPS if parameters else 0), data.train_dataloader(), strict=False):
        optimizer.zero_grad()
        model.nll(*batch).mean().backward()
        optimizer.step()
    return model.eval()


def untrained(space: Space, name: str, **sizes: Any) -> AutoregressiveModel:
    torch.manual_seed(0)
    node = {**config("model", name), **sizes}
    return build_model({"model": node, "likelihood": config("likelihood", "auto")}, space).eval()


def cases(wanted: list[str]) -> Iterator[Case]:
    data = {
        name: DataModule(build_source(config("data", name)).load(), batch_size=16, seed=0)
        for name in ("digits", "pydocs")
    }
    for path in sorted((CONFIGS / "model").glob("*.yaml")):
        name = path.stem
        on = "pydocs" if name in ON_TEXT else "digits"
        if not wanted or name in wanted:
            try:
                yield Case(f"{name} {on}", trained(name, data[on]))
            except ConfigError as refusal:
                print(f"{name}: {refusal}", file=sys.stderr)
    if not wanted or "published" in wanted:
        yield from published()


def published() -> Iterator[Case]:
    """Sizes of PixelCNNs and GPTs that are in use elsewhere."""
    plain = untrained(BINARY, "pixelcnn_plain", features=32, layers=15)
    yield Case("plain PixelCNN, 15 blocks of 32 and 16 features, 28x28, 2 levels", plain)
    gated = untrained(MNIST, "pixelcnn", features=192, layers=11)
    yield Case("gated PixelCNN, two stacks, 28x28, 256 levels", gated)
    small, large = Space("sequence", (64,), 65), Space("sequence", (256,), 65)
    yield Case("transformer, 4 layers of 128, D=64", untrained(small, "transformer", layers=4, width=128, heads=4))
    yield Case("transformer, 6 layers of 384, D=256", untrained(large, "transformer", layers=6, width=384, heads=6))


class Timed(NamedTuple):
    seconds: float  # of CPU time
    x: Tensor
    passes: int


def timed(model: AutoregressiveModel, noise: Tensor, sampler: str) -> Timed:
    begin = time.process_time()
    drawn = list(model.draw(noise, sampler=sampler))
    seconds = time.process_time() - begin
    return Timed(seconds, torch.cat([piece.values for piece in drawn], dim=1), sum(piece.passes for piece in drawn))


@torch.inference_mode()
def naive_seconds(model: AutoregressiveModel, x: Tensor) -> float:
    """What the naive sampler would take, from a few of its D passes."""
    dims, seconds = x.shape[1], 0.0
    places = range(0, dims, max(1, dims // PASSES))
    for i in places:
        known = x.clone()
        known[:, i:] = 0
        begin = time.process_time()
        params = model.network(known)[:, i : i + 1]
        model.likelihood.conditional(params).sample(torch.full(params.shape[:2], 0.5).double())
        seconds += time.process_time() - begin
    return seconds * dims / len(places)


def measure(case: Case) -> None:
    parameters, dims = sum(p.numel() for p in case.model.parameters()), case.model.space.dims
    print(f"\n{case.name}: D={dims}, {parameters:,} parameters")
    print(f"{'batch':>7}{'naive s':>12}{'cached s':>12}{'jacobi s':>12}{'passes':>9}{'cached x':>12}{'jacobi x':>12}")
    for batch in BATCHES:
        noise = torch.rand(batch, dims, generator=torch.Generator().manual_seed(batch), dtype=torch.float64)
        timed(case.model, noise[:1], "cached")  # the first call of a kernel is slow
        cached = min(
            (timed(case.model, noise, "cached") for _ in range(3 if batch < 64 else 1)), key=lambda run: run.seconds
        )
        naive = naive_seconds(case.model, cached.x)
        fixed = timed(case.model, noise, "jacobi") if naive < JACOBI_SECONDS else None
        shown = f"{fixed.seconds:12.4f}{fixed.passes:9d}" if fixed else f"{'-':>12}{'-':>9}"
        ratio = f"{naive / fixed.seconds:12.1f}" if fixed else f"{'-':>12}"
        print(f"{batch:7d}{naive:12.3f}{cached.seconds:12.4f}{shown}{naive / cached.seconds:12.1f}{ratio}", flush=True)
        apart = compared(fixed.x, cached.x) if fixed else {"differing": 0}
        if apart["differing"]:
            print(f"        {apart['differing']} of {batch} differ in float32, first at {apart['first_dimension']}")


def main(wanted: list[str]) -> None:
    torch.set_num_threads(1)
    print(f"CPU seconds on one thread, float32, torch {torch.__version__}; naive: {PASSES} passes times D / {PASSES}")
    began = time.monotonic()
    for case in cases(wanted):
        measure(case)
    print(f"\n{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main(sys.argv[1:])
