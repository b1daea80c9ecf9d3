"""Every model trains on every dataset, or refuses it in one line before torch: all pairs, in one process."""

from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from tests.tasks.conftest import result
from tests.tasks.test_real_data import data_root  # noqa: F401

CONFIGS = Path(__file__).parents[2] / "configs"
MODELS = sorted(path.stem for path in (CONFIGS / "model").glob("*.yaml"))
DATA = sorted(path.stem for path in (CONFIGS / "data").glob("*.yaml"))
REAL = ("charrnn", "transformer", "pixelcnn", "pixelcnn_plain")
IMAGES = ("digits", "mnist", "mnist_binary", "fashion_mnist", "cifar10", "image_files", "ising")
SHORT = ["trainer.max_steps=2", "data.batch_size=2", "evaluation.examples=16", "task.samples=1", "task.certify=false"]


def refused(model: str, data: str) -> bool:
    if data in ("table", "mixture", "two_modes", "ring"):
        return model not in REAL
    return model in ("pixelcnn_pp", "pixelsnail") and data not in IMAGES


@pytest.fixture
def places(data_root, tmp_path, monkeypatch) -> dict[str, list[str]]:  # noqa: F811
    """The choice of every dataset, with a place for those that have none of their own."""
    monkeypatch.setenv("AR_LAB_DATA", str(data_root))
    text = tmp_path / "text.txt"
    text.write_text("In the beginning was the word. " * 200, encoding="utf-8")
    color = np.random.default_rng(0).integers(0, 256, (60, 9, 7, 3), dtype=np.uint8)
    np.savez(tmp_path / "color.npz", images=color)
    subset = f"data.path={data_root}/cifar10_subset/train.npz"
    return {name: [f"data={name}"] for name in DATA} | {
        "text": ["data=text", f"data.path={text}"],
        "image_files": ["data=image_files", f"data.path={tmp_path}/color.npz"],
        "cifar10": ["data=image_files", subset, "data.fraction=0.1"],  # its own files are not to be had everywhere
    }


@pytest.mark.slow
@pytest.mark.parametrize("data", DATA)
def test_every_model_trains_on_it_or_refuses_it_in_one_line(lab, places, capfd, data):
    for model in MODELS:
        line = [*places[data], f"model={model}", *SHORT, "logger=csv", f"output={model}"]
        capfd.readouterr()
        run = lab(*line, code=2 if refused(model, data) else 0)
        if refused(model, data):
            assert f"model={model}: needs" in capfd.readouterr().err
            assert not run.exists()
            continue
        found = result(run)
        assert found["status"] == "done"
        assert isfinite(found["metrics"]["test/nats_per_dim"])
        assert (run / found["samples"]).stat().st_size > 0
