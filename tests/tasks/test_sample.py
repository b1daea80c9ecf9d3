"""task=sample: what is drawn, what is written and what is said of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

import ar_lab
from ar_lab.__main__ import main
from tests.tasks.conftest import QUICK, SMALL, result

SENTENCE = "the quick brown fox jumps over the lazy dog. "


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def path(self) -> Path:
        """What the last line names."""
        return Path(self.out.splitlines()[-1])

    @property
    def result(self) -> dict:
        return result(self.path.parent)


@pytest.fixture
def sample(capfd) -> Callable[..., Answer]:
    """Samples from a run."""

    def ask(run: Path, *line: str, code: int = 0) -> Answer:
        capfd.readouterr()
        found = main(["task=sample", f"run={run}", *line])
        answer = Answer(found, *capfd.readouterr())
        assert found == code, answer.err
        return answer

    return ask


def trained(factory, *line: str) -> Path:
    run = factory.mktemp("run") / "run"
    assert main([*line, *QUICK, f"output={run}"]) == 0
    return run


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    return trained(tmp_path_factory, *SMALL["pixelcnn"], "trainer.max_steps=2")


@pytest.fixture(scope="module")
def labeled(tmp_path_factory) -> Path:
    return trained(tmp_path_factory, *SMALL["charrnn"], "data=digits", "data.condition=true", "trainer.max_steps=2")


def text_run(factory, model: str, *line: str) -> Path:
    file = factory.mktemp("text") / "text.txt"
    file.write_text(SENTENCE * 200)
    return trained(factory, *SMALL[model], "data=text", f"data.path={file}", "data.context=16", *line)


@pytest.fixture(scope="module")
def carried(tmp_path_factory) -> Path:
    return text_run(tmp_path_factory, "charrnn", "trainer.max_steps=2")


@pytest.fixture(scope="module")
def windowed(tmp_path_factory) -> Path:
    return text_run(tmp_path_factory, "transformer", "trainer.max_steps=2")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("table") / "table.csv"
    rows = np.random.default_rng(0).normal(size=(60, 3))
    file.write_text("a,b,c\n" + "\n".join(",".join(f"{value:.4f}" for value in row) for row in rows))
    return trained(tmp_path_factory, *SMALL["charrnn"], "data=table", f"data.path={file}", "trainer.max_steps=1")


def test_images_come_as_a_picture_an_animation_and_arrays(images, sample):
    answer = sample(images, "task.count=3")
    assert answer.path.name == "samples.png"
    arrays = np.load(answer.path.with_name("samples.npz"))
    assert arrays["x"].shape == (3, 8, 8, 1)
    assert arrays["seed"] == 0
    with Image.open(answer.path.with_name("drawing.gif")) as animation:
        assert animation.n_frames == 60
    assert answer.result["count"] == 3
    assert answer.result["passes"] == 64
    assert answer.result["images_per_second"] > 0
    assert "3 drawn in" in answer.out


def test_what_is_drawn_is_the_models_sample_of_the_runs_seed(images, sample):
    model = ar_lab.load(images)
    noise = model.draw_noise(3, torch.Generator().manual_seed(0))
    arrays = np.load(sample(images, "task.count=3", "task.top_k=3").path.with_name("samples.npz"))
    assert (arrays["x"].reshape(3, 64) == model.sample(3, noise, top_k=3).numpy()).all()


def test_every_sampler_draws_the_same_and_says_so(images, sample):
    drawn = {
        name: np.load(sample(images, "task.count=2", f"task.sampler={name}").path.with_name("samples.npz"))["x"]
        for name in ("naive", "cached", "jacobi")
    }
    assert (drawn["naive"] == drawn["cached"]).all()
    assert (drawn["naive"] == drawn["jacobi"]).all()
    answer = sample(images, "task.count=2", "task.sampler=jacobi", "task.block=9", "task.verify=cached")
    assert answer.result["verify"] == {"sampler": "cached", "differing": 0, "first_dimension": None, "largest": 0.0}
    assert "verified by cached: the same 2 from the same noise" in answer.out


def test_many_examples_are_drawn_in_batches(images, sample):
    whole = sample(images, "task.count=5")
    parts = sample(images, "task.count=5", "evaluation.batch_size=2")
    assert parts.result["passes"] == 3 * whole.result["passes"]
    assert parts.path.read_bytes() == whole.path.read_bytes()


def test_labels_are_drawn_in_turn_or_as_asked_for(labeled, sample):
    def labels(*line: str) -> list[int]:
        return np.load(sample(labeled, "task.count=3", *line).path.with_name("samples.npz"))["labels"].tolist()

    assert labels() == [0, 1, 2]
    assert labels("task.condition=7") == [7, 7, 7]
    assert labels("task.condition=[4,9]") == [4, 9, 4]
    assert "the labels are 0..9" in sample(labeled, "task.condition=10", code=2).err


def test_the_label_decides_what_is_drawn(labeled, sample):
    drawn = [
        np.load(sample(labeled, f"task.condition={c}", "task.temperature=0.01").path.with_name("samples.npz"))["x"]
        for c in (0, 1)
    ]
    assert (drawn[0] != drawn[1]).any()


def test_rows_come_as_arrays_in_their_own_units(table, sample):
    answer = sample(table, "task.count=4", "task.verify=naive")
    assert np.load(answer.path.with_name("samples.npz"))["x"].shape == (4, 3)
    assert answer.result["rows_per_second"] > 0
    assert answer.result["verify"]["largest"] < 1e-4


def test_completions_keep_what_is_known(images, sample):
    answer = sample(images, "task.complete=lower_half", "task.count=3", "task.completions=2")
    assert answer.path.name == "completions.png"
    arrays = np.load(answer.path.with_name("completions.npz"))
    assert arrays["x"].shape == (3, 2, 8, 8, 1)
    assert (arrays["x"][:, :, :4] == arrays["originals"][:, None, :4]).all()
    assert arrays["known"][:4].all()
    assert not arrays["known"][4:].any()
    assert (arrays["x"][:, 0] != arrays["x"][:, 1]).any()
    assert answer.result["exact"]
    assert answer.result["passes"] == 32


@pytest.mark.parametrize("region", ["right_half", "box"])
def test_a_hole_is_filled_and_said_to_be_approximate(images, sample, region):
    answer = sample(images, f"task.complete={region}", "task.count=2", "task.verify=jacobi")
    arrays = np.load(answer.path.with_name("completions.npz"))
    known = np.broadcast_to(arrays["known"], arrays["x"].shape)
    assert (arrays["x"] == arrays["originals"][:, None])[known].all()
    assert not answer.result["exact"]
    assert "approximate: every drawn pixel is given" in answer.out
    assert answer.result["verify"]["differing"] == 0


def test_a_mask_is_a_picture_whose_white_is_drawn(images, sample, tmp_path):
    mask = np.zeros((8, 8), dtype=np.uint8)
    mask[5:, 2:4] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    answer = sample(images, f"task.complete={tmp_path / 'mask.png'}", "task.count=1")
    assert (np.load(answer.path.with_name("completions.npz"))["known"][..., 0] == (mask == 0)).all()
    Image.fromarray(mask[:, :5]).save(tmp_path / "narrow.png")
    refused = sample(images, f"task.complete={tmp_path / 'narrow.png'}", code=2)
    assert "is 5 by 8, the images are 8 by 8" in refused.err
    assert "did you mean box?" in sample(images, "task.complete=bxo", code=2).err
    (tmp_path / "text.png").write_text("no picture")
    assert "not a picture" in sample(images, f"task.complete={tmp_path / 'text.png'}", code=2).err


def test_text_is_printed_as_it_is_in_the_file(carried, sample):
    answer = sample(carried, "task.count=2", "task.temperature=0.5")
    assert answer.path.name == "samples.txt"
    assert answer.path.read_text() in answer.out
    assert answer.result["characters_per_second"] > 0


@pytest.mark.parametrize("model", ["carried", "windowed"])
def test_a_prompt_is_gone_on_from(request, sample, model):
    run = request.getfixturevalue(model)
    prompted = sample(run, "task.prompt='the quick'", "task.count=1")
    text = prompted.path.read_text().removesuffix("\n")
    assert text.startswith("the quick")
    assert len(text) == 16
    assert prompted.result["exact"]
    assert prompted.result["passes"] == 7


def test_a_text_longer_than_the_window_is_carried_on(carried, sample):
    answer = sample(carried, "task.prompt='the lazy dog. the '", "task.length=40", "task.count=1", "task.verify=naive")
    assert len(answer.path.read_text().removesuffix("\n")) == 18 + 40
    assert answer.result["exact"]
    assert answer.result["verify"]["differing"] == 0


def test_a_text_longer_than_the_window_of_attention_is_said_to_be_approximate(windowed, sample):
    answer = sample(windowed, "task.length=40", "task.count=2", "task.verify=jacobi")
    assert [len(text) for text in answer.path.read_text().split("\n" + "-" * 72 + "\n")] == [40, 41]  # and a newline
    assert not answer.result["exact"]
    assert "approximate: beyond the window of 16 characters" in answer.out
    assert answer.result["verify"]["differing"] == 0


def test_a_stream_prints_the_very_texts_that_are_kept(windowed, sample):
    answer = sample(windowed, "task.stream=true", "task.count=2", "task.prompt='fox '", "task.length=20")
    kept = answer.path.read_text()
    assert answer.out.startswith(kept)
    assert answer.out.count("fox ") == kept.count("fox ")


def test_bytes_are_streamed_as_the_characters_they_make(tmp_path_factory, sample):
    file = tmp_path_factory.mktemp("text") / "text.txt"
    file.write_text("äöü" * 800)
    data = ["data=text", f"data.path={file}", "data.codec=bytes", "data.context=16"]
    run = trained(tmp_path_factory, *SMALL["charrnn"], *data, "trainer.max_steps=30", "optimizer.lr=0.05")
    answer = sample(run, "task.stream=true", "task.count=1", "task.temperature=0.01", "task.prompt='äöü'")
    assert answer.out.startswith(answer.path.read_text())
    assert "\ufffd" not in answer.out
    assert answer.result["bytes_per_second"] > 0


REFUSED = {
    ("images", "task.prompt=a"): "task.prompt: needs text, the run's data are images",
    ("images", "task.stream=true"): "task.stream: needs text",
    ("images", "task.condition=1"): "task.condition=1: the run was trained without labels",
    ("images", "task.block=3"): "task.block=3: of task.sampler=jacobi",
    ("images", "task.verify=cached"): "is the sampler itself",
    ("carried", "task.complete=box"): "task.complete: needs images, the run's data are text",
    ("carried", "task.prompt=XY"): "task.prompt='XY': 'XY' never occurred in training",
    ("carried", "task.top_p=1.5"): "task.top_p=1.5: must be at most 1",
    ("table", "task.top_k=2"): "task.top_k=2: ranks levels, and the run's data are real numbers",
    ("table", "task.length=2"): "task.length: needs text, the run's data are rows",
}


@pytest.mark.parametrize(("run", "key"), REFUSED)
def test_what_the_data_cannot_answer_is_one_line(request, sample, run, key):
    directory = request.getfixturevalue(run)
    before = sorted(directory.iterdir())
    answer = sample(directory, key, code=2)
    assert REFUSED[run, key] in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert sorted(directory.iterdir()) == before


def test_an_alphabet_without_an_unknown_symbol_refuses_a_prompt_as_well(tmp_path_factory, sample):
    run = text_run(tmp_path_factory, "charrnn", "data.unknown=false", "trainer.max_steps=1")
    refused = sample(run, "task.prompt=toX", code=2)
    assert "task.prompt='toX': 1 of 3 characters never occur in training: 'X' (U+0058)" in refused.err


def test_completions_need_the_data_of_the_run(tmp_path_factory, sample):
    folder = tmp_path_factory.mktemp("images")
    generator = np.random.default_rng(0)
    for k in range(20):
        Image.fromarray(generator.integers(0, 255, (6, 6), dtype=np.uint8)).save(folder / f"{k}.png")
    data = ["data=image_files", f"data.path={folder}", "data.levels=2"]
    run = trained(tmp_path_factory, *SMALL["pixelcnn"], *data, "trainer.max_steps=1")
    assert sample(run, "task.complete=box", "task.count=1").path.exists()
    (folder / "3.png").unlink()
    assert "the data are others now" in sample(run, "task.complete=box", code=2).err


def test_result_json_says_how_the_draws_came_about(images, sample):
    line = ["task.count=2", "seed=5", "task.temperature=0.5", "task.top_p=0.9", "task.sampler=jacobi"]
    found = json.loads((sample(images, *line).path.parent / "result.json").read_text())
    asked = {"count": 2, "seed": 5, "temperature": 0.5, "top_p": 0.9, "sampler": "jacobi", "dims": 64, "exact": True}
    assert {key: found[key] for key in asked} == asked
    assert found["run"] == str(images)
