"""task=train: what a run leaves behind, what its limits and options do, and that it repeats itself."""

from math import isfinite, log
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import ar_lab
from ar_lab.data.splits import shuffled
from ar_lab.errors import DivergenceError
from ar_lab.learner import MaximumLikelihood
from ar_lab.restore import read_checkpoint
from tests.tasks.conftest import QUICK, SMALL, logged, result


@pytest.mark.parametrize("data", ["digits", "pydocs", "table"])
@pytest.mark.parametrize("model", SMALL)
def test_every_model_runs_on_every_kind_of_data(lab, model, data):
    small = [f"data.fraction={0.02 if data == 'pydocs' else 0.3}"]
    run = lab(f"data={data}", *SMALL[model], *QUICK, *small, "trainer.max_steps=2")
    found = result(run)
    assert found["status"] == "done"
    assert found["steps"] == 2
    assert all(isfinite(value) for value in found["metrics"].values() if value is not None)
    assert {"train/nats_per_dim", "validation/nats_per_dim", "test/nats_per_dim", "baseline/nats_per_dim"} <= set(
        found["metrics"]
    )
    for name in ("config.yaml", "metrics.csv", "checkpoints/best.ckpt", "checkpoints/last.ckpt"):
        assert (run / name).stat().st_size > 0
    assert (run / ("samples.txt" if data == "pydocs" else "samples.png")).stat().st_size > 0


def test_the_same_seed_gives_the_same_figures_to_the_last_digit(lab):
    line = [*SMALL["transformer"], *QUICK, "trainer.max_steps=12", "model.dropout=0.2", "seed=3"]
    first, second = (result(lab(*line, f"output=run{i}")) for i in range(2))
    assert first["metrics"] == second["metrics"]
    assert result(lab(*line, "seed=4", "output=run2"))["metrics"] != first["metrics"]


def test_steps_are_not_cut_short_by_the_epoch_limit_and_end_with_a_validation(lab):
    run = lab(*SMALL["charrnn"], *QUICK, "trainer.max_steps=30", "trainer.max_epochs=1", "trainer.log_every_n_steps=10")
    assert result(run)["steps"] == 30
    rows = logged(run)
    assert [row["step"] for row in rows if row["metric"] == "train/nats_per_dim"] == ["10", "20", "30"]
    assert [row["step"] for row in rows if row["metric"] == "validation/nats_per_dim"][-1] == "30"


def test_rare_validation_is_still_one_at_the_end(lab):
    run = lab(*SMALL["charrnn"], *QUICK, "trainer.max_epochs=2", "trainer.check_val_every_n_epoch=50")
    assert (run / "checkpoints/best.ckpt").exists()


def test_without_a_validation_part_the_last_weights_are_kept(lab):
    run = lab(*SMALL["charrnn"], *QUICK, "data.validation=0", "trainer.max_steps=2")
    assert "validation/nats_per_dim" not in result(run)["metrics"]
    best, last = (read_checkpoint(run / f"checkpoints/{name}.ckpt") for name in ("best", "last"))
    assert all(torch.equal(best["state_dict"][k], last["state_dict"][k]) for k in best["state_dict"])


def test_divergence_is_a_failure_that_names_the_step(lab, capfd):
    run = lab(*SMALL["charrnn"], *QUICK, "optimizer=sgd", "optimizer.lr=1e30", "trainer.gradient_clip_val=null", code=1)
    found = result(run)
    assert found["status"] == "failed"
    assert "DivergenceError" in found["traceback"]
    assert "at step" in capfd.readouterr().err


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf"), 1.1e6])
def test_a_loss_that_is_no_usable_number_is_divergence(figure):
    with pytest.raises(DivergenceError, match="at step 0"):
        MaximumLikelihood.finite(SimpleNamespace(global_step=0), torch.tensor(figure), "training loss")


def with_an_outlier(file: Path, row: int) -> list[str]:
    """A table one of whose numbers, at its place, no float32 can square; the arguments that read it."""
    rows = [f"{i % 7},{i * i % 11}" for i in range(60)]
    rows[row] = "1e25,3"
    file.write_text("\n".join(["a,b", *rows]))
    return ["data=table", f"data.path={file}", "trainer.max_steps=1", "logger=csv", "task.samples=2"]


def test_a_held_out_figure_that_is_no_number_is_a_failure(lab, tmp_path, capfd):
    row = int(shuffled(60, test=0.2, validation=0.1, fraction=1.0, seed=0).test[0])
    run = lab(*SMALL["charrnn"], *with_an_outlier(tmp_path / "table.csv", row), "output=run", code=1)
    found = result(run)
    assert found["status"] == "failed" and "DivergenceError" in found["traceback"]
    assert "the test figure is inf nats per dimension" in capfd.readouterr().err


@pytest.mark.parametrize("fold", ["all", "range(3)"])
def test_a_fold_whose_figure_is_no_number_fails_the_sweep(lab, tmp_path, fold):
    row = int(shuffled(60, test=0.2, validation=0.0, fraction=1.0, seed=0).train[0])
    line = [*with_an_outlier(tmp_path / "table.csv", row), "cv=kfold", "cv.folds=3", "data.validation=0"]
    sweep = lab(*SMALL["charrnn"], *line, f"cv.fold={fold}", "launcher=basic", "output=sweep", code=1)
    states = [result(job.parent)["status"] for job in sweep.glob("*/result.json")]
    assert sorted(states) == (["failed"] if fold == "all" else ["done", "done", "failed"])


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "muon"])
@pytest.mark.parametrize("scheduler", ["constant", "cosine", "plateau"])
def test_every_optimizer_learns_under_every_schedule(lab, optimizer, scheduler):
    run = lab(*SMALL["charrnn"], *QUICK, f"optimizer={optimizer}", f"scheduler={scheduler}", "trainer.max_steps=30")
    untrained = lab(*SMALL["charrnn"], *QUICK, "optimizer.lr=1e-9", "trainer.max_steps=1", "output=untrained")
    assert result(run)["metrics"]["test/nats_per_dim"] < result(untrained)["metrics"]["test/nats_per_dim"] - 0.05


def test_averaged_weights_are_the_ones_that_are_kept(lab):
    run = lab(*SMALL["charrnn"], *QUICK, "learner.ema=0.5", "trainer.max_steps=10")
    content = read_checkpoint(run / "checkpoints/best.ckpt")
    kept, trained = content["state_dict"], content["current_model_state"]
    assert any(not torch.equal(kept[name], trained[name]) for name in kept)
    model = ar_lab.load(run)
    assert torch.equal(model.network.head.weight, kept["model.network.head.weight"])


def test_early_stopping_ends_before_the_limit(lab):
    run = lab(*SMALL["charrnn"], *QUICK, "optimizer.lr=1e-12", "learner.patience=2", "trainer.max_epochs=50")
    assert result(run)["steps"] < 50 * 21
    assert result(run)["status"] == "done"


def test_a_time_limit_ends_training_and_its_schedule(lab):
    limits = ["trainer.max_time=00:00:00:02", "trainer.max_epochs=-1", "trainer.check_val_every_n_epoch=5000"]
    run = lab(*SMALL["charrnn"], *QUICK, *limits, "trainer.log_every_n_steps=1")
    rates = [row for row in logged(run) if row["metric"] == "learning_rate"]
    assert float(rates[-1]["value"]) < 0.3 * max(float(row["value"]) for row in rates)


def test_another_runs_weights_are_where_training_starts(lab):
    first = lab(*SMALL["charrnn"], *QUICK, "trainer.max_steps=3", "output=first")
    second = lab(
        *SMALL["charrnn"], *QUICK, f"init_from={first}", "optimizer.lr=1e-12", "trainer.max_steps=1", "output=second"
    )
    ours, theirs = (result(run)["metrics"]["test/nats_per_dim"] for run in (second, first))
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_weights_of_another_shape_are_refused(lab, capfd):
    lab(*SMALL["charrnn"], *QUICK, "trainer.max_steps=1", "output=first")
    lab(*SMALL["transformer"], *QUICK, "init_from=first", "output=second", code=2)
    assert "not the weights of this model and data" in capfd.readouterr().err


@pytest.mark.parametrize("precision", ["bf16-true", "bf16-mixed", "64-true"])
@pytest.mark.parametrize("data", ["digits", "table"])
def test_figures_come_from_float32_whatever_training_computed_in(lab, data, precision):
    run = lab(f"data={data}", *SMALL["charrnn"], *QUICK, f"trainer.precision={precision}", "trainer.max_steps=2")
    lab("task=evaluate", f"run={run}")
    assert result(run / "evaluate")["metrics"].items() >= result(run)["metrics"].items()


def test_accumulated_batches_log_the_loss_of_all(lab):
    line = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=2", "trainer.log_every_n_steps=1"]
    run = lab(*line, "trainer.accumulate_grad_batches=4")
    first = next(float(row["value"]) for row in logged(run) if row["metric"] == "train/nats_per_dim")
    assert first == pytest.approx(log(17), abs=0.2)


REFUSED_LATE = {
    "trainer.accelerator=gpu": "no GPU found here; use auto or cpu",
    "trainer.val_check_interval=1000": "an epoch has 21 batches; use at most as many",
}


@pytest.mark.parametrize("wrong", REFUSED_LATE)
def test_what_only_the_machine_or_the_data_can_refuse_is_one_line(lab, capfd, wrong):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    lab(*SMALL["charrnn"], *QUICK, wrong, code=2)
    assert REFUSED_LATE[wrong] in capfd.readouterr().err
