"""Runs of a model that is fitted by counting: no trainer, and all else as ever."""

from math import log

import pytest
import torch

import ar_lab
from ar_lab.restore import read_checkpoint
from tests.tasks.conftest import QUICK, result

LINE = ["model=ngram", *QUICK]
TEXT = ["data=pydocs", "data.fraction=0.1"]


@pytest.mark.parametrize("data", [["data=digits"], ["data=digits", "data.condition=true", "data.levels=2"], TEXT])
def test_a_counted_model_leaves_what_a_trained_one_does(lab, data):
    run = lab(*LINE, *data)
    found = result(run)
    assert (found["status"], found["steps"], found["parameters"]) == ("done", 0, 0)
    assert found["metrics"]["test/nats_per_dim"] < 0.7 * log(ar_lab.load(run).space.levels)
    assert (run / ("samples.txt" if data == TEXT else "samples.png")).stat().st_size > 0
    best, last = (read_checkpoint(run / f"checkpoints/{name}.ckpt") for name in ("best", "last"))
    assert all(torch.equal(best["state_dict"][name], last["state_dict"][name]) for name in best["state_dict"])


def test_it_is_restored_scored_and_sampled_from_its_directory(lab):
    run = lab(*LINE, *TEXT)
    lab("task=evaluate", f"run={run}")
    assert result(run / "evaluate")["metrics"].items() >= result(run)["metrics"].items()
    lab("task=sample", f"run={run}", "task.count=2")
    assert (run / "sample/samples.txt").stat().st_size > 0
    assert not ar_lab.load(run).training


def test_what_was_cut_short_after_counting_is_finished(lab, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("ar_lab.tasks.train.figures", lambda *_: 1 / 0)
        run = lab(*LINE, *TEXT, "output=once", code=1)
    assert result(run)["status"] == "failed"
    lab("task=train", f"run={run}")
    assert result(run)["status"] == "done"


def test_all_that_is_not_tested_is_counted_unless_a_part_is_held_out(lab):
    whole, held_out = (result(lab(*LINE, *TEXT, *some)) for some in ([], ["data.validation=0.2"]))
    assert whole["split"]["validation"] == 0
    assert "validation/nats_per_dim" in held_out["metrics"]
    assert held_out["split"]["train"] < whole["split"]["train"]


def test_a_training_part_beyond_the_limit_is_noted(lab):
    notes = result(lab(*LINE, *TEXT, "model.symbols=1000"))["notes"]
    assert any(note.startswith("the n-gram counted the first 1,000 of") for note in notes)


def test_every_text_run_shows_the_figure_of_the_ngram_beside_its_own(lab, capsys):
    trained = lab("model=charrnn", "model.hidden=16", "trainer.max_steps=2", "data.validation=0", *QUICK, *TEXT)
    assert "│ ngram" in capsys.readouterr().out
    counted = lab(*LINE, *TEXT)
    beside, own = (result(run)["metrics"] for run in (trained, counted))
    assert beside["ngram/nats_per_dim"] == own["test/nats_per_dim"] == own["ngram/nats_per_dim"]
    assert beside["ngram/nats_per_dim"] < beside["baseline/nats_per_dim"] - 0.5


def test_images_have_no_ngram_beside_them(lab):
    metrics = result(lab("model=charrnn", "model.hidden=16", "trainer.max_steps=2", *QUICK))["metrics"]
    assert not [name for name in metrics if name.startswith("ngram/")]


def test_folds_and_a_grid_of_orders_are_one_table(lab):
    sweep = lab(*LINE, "cv=kfold", "cv.folds=2", "model.order=1,2", "launcher=basic", "output=sweep")
    assert (sweep / "summary.md").read_text().count("model.order=") >= 2


@pytest.mark.parametrize("line", [["data=table"], ["data=digits", "likelihood=logistic_mixture"]])
def test_what_cannot_be_counted_is_refused_in_one_line(lab, capfd, line):
    lab("model=ngram", *line, code=2)
    error = capfd.readouterr().err.strip()
    assert "model=ngram: " in error and "\n" not in error
