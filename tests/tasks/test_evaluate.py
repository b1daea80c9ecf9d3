"""task=evaluate, and what every task that takes a run makes of it: from the run directory alone."""

import shutil

import pytest
import torch

import ar_lab
from ar_lab.errors import ConfigError
from tests.tasks.conftest import QUICK, SMALL, result


@pytest.fixture
def run(lab):
    return lab(*SMALL["pixelcnn"], *QUICK, "trainer.max_steps=2")


def test_evaluate_repeats_the_figures_of_training(lab, run):
    lab("task=evaluate", f"run={run}")
    assert result(run / "evaluate")["metrics"].items() >= result(run)["metrics"].items()


def test_a_repeat_gets_a_number(lab, run):
    for _ in range(2):
        lab("task=evaluate", f"run={run}")
    assert result(run / "evaluate_2")["metrics"] == result(run / "evaluate")["metrics"]


def test_sample_works_from_a_copy_elsewhere(lab, run, tmp_path):
    moved = shutil.move(run, tmp_path / "elsewhere")
    lab("task=sample", f"run={moved}", "task.count=3")
    assert (tmp_path / "elsewhere/sample/samples.png").exists()


def test_sample_takes_a_checkpoint_by_its_path(lab, run):
    lab("task=sample", f"run={run}/checkpoints/last.ckpt", "task.count=1")
    assert (run / "sample/samples.png").exists()


def test_load_gives_the_model_of_the_best_checkpoint(run):
    model = ar_lab.load(run)
    noise = model.draw_noise(2, torch.Generator().manual_seed(0))
    assert torch.equal(model.sample(len(noise), noise), model.sample(len(noise), noise))
    assert model.log_prob(model.sample(len(noise), noise)).shape == (2,)
    assert not model.training


def test_other_data_than_the_runs_are_refused(lab, capfd, tmp_path):
    for name, text in (("a.txt", "to be or not to be, " * 400), ("b.txt", "that is the question " * 400)):
        (tmp_path / name).write_text(text)
    run = lab(*SMALL["charrnn"], *QUICK, "data=text", "data.path=a.txt", "data.context=16", "trainer.max_steps=1")
    lab("task=evaluate", f"run={run}", "data.path=b.txt", code=2)
    assert "the data are others now" in capfd.readouterr().err


def test_a_damaged_checkpoint_is_one_line(lab, run, capfd):
    (run / "checkpoints/best.ckpt").write_bytes(b"PK\x03\x04 cut")
    lab("task=sample", f"run={run}", code=2)
    assert "not a readable checkpoint" in capfd.readouterr().err


def test_weights_of_an_earlier_version_are_one_line(run):
    path = run / "checkpoints/best.ckpt"
    content = torch.load(path)
    content["state_dict"]["model.network.older"] = torch.zeros(3)
    torch.save(content, path)
    with pytest.raises(ConfigError, match="not those of this ar_lab's pixelcnn; use the one that trained it"):
        ar_lab.load(run)
