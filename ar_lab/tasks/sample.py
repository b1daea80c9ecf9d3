"""task=sample: examples drawn from a trained model."""

from typing import Any

import torch

from ar_lab.report.pictures import save_samples
from ar_lab.restore import restore
from ar_lab.trainer import device_of


def sample(config: dict[str, Any]) -> None:
    """Draws `task.count` examples from a run's best checkpoint into RUN/sample/: a picture or text."""
    task, restored = config["task"], restore(config["run"])
    model = restored.model.to(device_of(config["trainer"]))
    noise = model.draw_noise(task["count"], torch.Generator().manual_seed(config["seed"]))
    x = model.sample(task["count"], noise, task["temperature"]).cpu()
    directory = restored.run.subdirectory("sample")
    path = save_samples(restored.codec, x, directory)
    if path.suffix == ".txt":
        print(path.read_text(encoding="utf-8", errors="replace"))
    print(path)
