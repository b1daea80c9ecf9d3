"""What keeping freed memory is worth: steps of the default PixelCNN on noise of MNIST's shape, with and without.

    python scripts/bench_memory.py [STEPS]

Each way runs in a process of its own, in turn and twice, since the C library is told once for good.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch
from omegaconf import OmegaConf

from ar_lab.build import build_model
from ar_lab.memory import keep_freed_blocks
from ar_lab.space import Space

CONFIGS = Path(__file__).parents[1] / "configs"
BATCH = 64


def milliseconds(steps: int) -> float:
    """The median time of a training step, after three to warm up."""
    config = {group: OmegaConf.load(CONFIGS / group / f"{name}.yaml") for group, name in CHOICES.items()}
    space = Space("image", (28, 28, 1), 256)
    model = build_model({group: OmegaConf.to_container(node) for group, node in config.items()}, space)
    optimizer = torch.optim.AdamW(model.parameters())
    x = torch.randint(0, 256, (BATCH, space.dims), generator=torch.Generator().manual_seed(0))
    times = []
    for _ in range(steps + 3):
        began = time.perf_counter()
        optimizer.zero_grad()
        model.nll(x).mean().backward()
        optimizer.step()
        times.append(1e3 * (time.perf_counter() - began))
    return median(times[3:])


CHOICES = {"model": "pixelcnn", "likelihood": "auto"}


def main(steps: int) -> None:
    found: dict[str, list[float]] = {"as it is": [], "kept": []}
    for _ in range(2):
        for way, times in found.items():
            command = [sys.executable, __file__, str(steps), way]
            times.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    before, after = (min(times) for times in found.values())
    print(f"{steps} steps of {BATCH} images on {torch.get_num_threads()} threads")
    print(f"  freed memory as the C library has it  {before:7.1f} ms a step")
    print(f"  freed memory kept                     {after:7.1f} ms a step, {before / after:.2f} times as fast")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    if len(sys.argv) > 2:
        if sys.argv[2] == "kept":
            keep_freed_blocks()
        print(milliseconds(count))
    else:
        main(count)
