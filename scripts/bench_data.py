"""How much of a training step the data path takes: MNIST (digits where there is none) and the default PixelCNN.

    python scripts/bench_data.py [STEPS]

Batches and steps are timed in turn within one run, so that whatever else the machine does hits both alike.
"""

import sys
import time
from itertools import chain, repeat
from pathlib import Path
from statistics import median

import torch
from omegaconf import OmegaConf

from ar_lab.build import build_model, build_source
from ar_lab.data.module import DataModule
from ar_lab.errors import DataError

CONFIGS = Path(__file__).parents[1] / "configs"
GOAL = 0.03  # of a training step


def config(group: str, name: str) -> dict:
    return OmegaConf.to_container(OmegaConf.load(CONFIGS / group / f"{name}.yaml"), resolve=True)


def load() -> tuple[str, DataModule]:
    for name in ("mnist", "digits"):
        node = config("data", name)
        try:
            return name, DataModule(build_source(node).load(), batch_size=node["batch_size"], seed=0)
        except DataError as error:
            print(error, file=sys.stderr)
    raise AssertionError("digits are embedded")


def main(steps: int) -> None:
    name, data = load()
    choices = {"model": config("model", "pixelcnn"), "likelihood": config("likelihood", "auto")}
    model = build_model(choices, data.space)
    optimizer = torch.optim.AdamW(model.parameters())
    batches = chain.from_iterable(repeat(data.train_dataloader()))
    fetching, training = [], []
    for _ in range(steps):
        began = time.perf_counter()
        batch = next(batches)
        fetched = time.perf_counter()
        optimizer.zero_grad()
        model.nll(*batch).mean().backward()
        optimizer.step()
        fetching.append(fetched - began)
        training.append(time.perf_counter() - fetched)
    share = sum(fetching) / (sum(fetching) + sum(training))
    print(f"{name}, batches of {data.batch_size}, {steps} steps on {torch.get_num_threads()} threads")
    print(f"  fetch a batch  {1e3 * median(fetching):9.3f} ms (median)")
    print(f"  train on it    {1e3 * median(training):9.3f} ms (median)")
    print(f"  data path      {share:9.3%} of the time; goal: under {GOAL:.0%}")
    sys.exit(share >= GOAL)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
