"""task=train: what a run leaves behind, how it ends, how it goes on, and that it repeats itself."""

import csv
import errno
import os
import signal
from math import isfinite

import pytest
import torch

import ar_lab
from ar_lab.callbacks.checkpoints import AtomicCheckpointIO
from ar_lab.restore import read_checkpoint
from tests.tasks.conftest import QUICK, SMALL, result


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
    assert [row["step"] for row in rows if row["metric"] == "validation/nats_per_dim"][-1] == "29"


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
    run = lab(
        *SMALL["charrnn"],
        *QUICK,
        "trainer.max_time=00:00:00:02",
        "trainer.max_epochs=-1",
        "trainer.log_every_n_steps=1",
    )
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


def logged(run):
    return list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))


class StopAt:
    """Sends this process a signal at a step, as a person or a cluster would."""

    def __init__(self, monkeypatch, step, signum):
        from ar_lab.callbacks.curves import Curves

        original = Curves.on_train_batch_end

        def stop(callback, trainer, *rest):
            original(callback, trainer, *rest)
            if trainer.global_step == step:
                monkeypatch.setattr(Curves, "on_train_batch_end", original)
                os.kill(os.getpid(), signum)

        monkeypatch.setattr(Curves, "on_train_batch_end", stop)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_and_goes_on_to_the_same_weights(lab, monkeypatch, signum, code):
    line = [*SMALL["transformer"], *QUICK, "model.dropout=0.3", "trainer.max_steps=40", "learner.ema=0.9"]
    whole = lab(*line, "output=whole")
    StopAt(monkeypatch, 27, signum)
    stopped = lab(*line, "output=stopped", code=code)
    assert result(stopped)["status"] == "interrupted"
    lab("task=train", f"run={stopped}")
    assert result(stopped)["status"] == "done"
    assert result(stopped)["steps"] == 40
    assert result(stopped)["resumed_at_step"] == 27
    ours, theirs = (read_checkpoint(run / "checkpoints/last.ckpt")["state_dict"] for run in (stopped, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert result(stopped)["metrics"] == result(whole)["metrics"]


def test_a_finished_run_can_be_trained_further(lab):
    run = lab(*SMALL["charrnn"], *QUICK, "trainer.max_steps=3")
    lab("task=train", f"run={run}", "trainer.max_steps=5")
    assert result(run)["steps"] == 5


def test_a_full_disk_leaves_the_last_good_checkpoint(lab, monkeypatch, capfd):
    original = torch.save
    calls = []

    def save(content, file):
        calls.append(file.name)
        if len(calls) > 3:
            file.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(content, file)

    monkeypatch.setattr("ar_lab.callbacks.checkpoints.torch.save", save)
    run = lab(*SMALL["charrnn"], *QUICK, "trainer.max_epochs=4", code=1)
    assert result(run)["status"] == "failed"
    assert "no space left on the disk" in capfd.readouterr().err
    assert read_checkpoint(run / "checkpoints/last.ckpt")["global_step"] > 0
    assert not list((run / "checkpoints").glob("*.tmp"))


def test_a_checkpoint_is_whole_or_absent(tmp_path):
    class Unpicklable:
        def __reduce__(self):
            raise RuntimeError("cut")

    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"x": 1}, path)
    with pytest.raises(RuntimeError, match="cut"):
        AtomicCheckpointIO().save_checkpoint({"x": Unpicklable()}, path)
    assert torch.load(path, weights_only=True) == {"x": 1}
    assert list(tmp_path.iterdir()) == [path]
