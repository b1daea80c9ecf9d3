"""The main job on real data, held to figures that a broken model cannot reach.

A model that ignores the past cannot pass the factorized baseline, and one that sees the future falls far below the
figures that are known to be possible.
"""

import os
from pathlib import Path

import pytest

from tests.tasks.conftest import result

BRIEF = ["logger=csv", "task.samples=4"]


@pytest.fixture(scope="session")
def data_root() -> Path:
    """AR_LAB_DATA, or shared/data beside the checkout."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    root = Path(os.environ.get("AR_LAB_DATA", beside))
    if not (root / "MNIST").is_dir():
        pytest.skip(f"{root}: no MNIST there; name a folder that has it in AR_LAB_DATA")
    return root


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def figures(run: Path) -> tuple[float, float]:
    metrics = result(run)["metrics"]
    return metrics["test/nats_per_dim"], metrics["baseline/nats_per_dim"]


def test_pixelcnn_learns_digits(lab):
    test, baseline = figures(lab(*BRIEF, "trainer.max_steps=80"))
    assert baseline == pytest.approx(1.68, abs=0.01)
    assert 1.1 < test < baseline - 0.2


@pytest.mark.slow
def test_charrnn_learns_english(lab):
    test, baseline = figures(lab(*BRIEF, "model=charrnn", "model.hidden=128", "data=pydocs", "trainer.max_steps=150"))
    assert 1.5 < test < 2.5 < baseline


@pytest.mark.slow
def test_transformer_learns_english(lab):
    line = ["model=transformer", "model.layers=2", "data=pydocs", "data.context=64", "trainer.max_steps=150"]
    test, baseline = figures(lab(*BRIEF, *line, "evaluation.examples=200"))
    assert 1.5 < test < 2.6 < baseline


def test_charrnn_learns_shakespeare_from_a_local_copy(lab, data_root):
    line = ["model=charrnn", "model.hidden=128", "data=shakespeare", f"data.root={data_root}", "trainer.max_steps=150"]
    run = lab(*BRIEF, *line)
    test, baseline = figures(run)
    assert result(run)["metrics"]["test/characters"] == 111_540
    assert 1.6 < test < 2.4 < baseline


@pytest.mark.slow
@pytest.mark.parametrize("line", [["experiment=shakespeare_ngram"], ["model=ngram", "data=shakespeare", *BRIEF]])
def test_an_ngram_of_shakespeare(lab, data_root, line):
    run = lab(*line, f"data.path={data_root}/text/tinyshakespeare.txt")
    assert result(run)["metrics"]["test/characters"] == 111_540
    assert 1.5 < figures(run)[0] < 1.53


@pytest.mark.slow
def test_a_network_over_an_ngram_of_shakespeare_soon_beats_it(lab, data_root):
    place = f"data.path={data_root}/text/tinyshakespeare.txt"
    metrics = result(lab("experiment=shakespeare_charrnn_ngram", place, *BRIEF, "trainer.max_steps=250"))["metrics"]
    assert metrics["test/characters"] == 111_540
    assert 1.48 < metrics["test/nats_per_dim"] < 1.515 < metrics["ngram/nats_per_dim"] < 1.53


@pytest.mark.slow
def test_the_command_everybody_knows(lab, data_root, cache):
    run = lab(
        *BRIEF, "model=pixelcnn", "data=mnist", f"data.root={data_root}", f"data.cache={cache}", "trainer.max_steps=300"
    )
    test, baseline = figures(run)
    assert result(run)["metrics"]["test/examples"] == 10_000
    assert baseline == pytest.approx(1.171, abs=0.002)
    assert 0.6 < test < 0.9


@pytest.mark.slow
def test_cifar10_images_in_an_npz_keep_their_channels(lab, data_root):
    line = ["data=image_files", f"data.path={data_root}/cifar10_subset/train.npz", "trainer.max_steps=20"]
    test, baseline = figures(lab(*BRIEF, *line, "evaluation.examples=50", "task.samples=1"))
    assert test < baseline
