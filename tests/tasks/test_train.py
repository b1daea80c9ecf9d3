"""task=train: what a run leaves behind, how it ends, how it goes on, and that it repeats itself."""

import csv
import errno
import os
import signal
from math import isfinite, log
from types import SimpleNamespace

import pytest
import torch

import ar_lab
from ar_lab.callbacks.checkpoints import AtomicCheckpointIO, BestCheckpoint
from ar_lab.errors import DivergenceError
from ar_lab.learner import MaximumLikelihood
from ar_lab.restore import read_checkpoint
from ar_lab.tasks import train
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


def same_weights(run, other):
    ours, theirs = (read_checkpoint(r / "checkpoints/last.ckpt")["state_dict"] for r in (run, other))
    return all(torch.equal(ours[name], theirs[name]) for name in theirs)


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
    assert same_weights(stopped, whole)
    assert result(stopped)["metrics"] == result(whole)["metrics"]


STREAM = ["data=pydocs", "data.fraction=0.1", "data.stream=true", "data.context=16", "data.batch_size=8"]
CARRIED = {
    "stream": STREAM,
    "accumulation": ["trainer.accumulate_grad_batches=3"],
    "plateau": ["scheduler=plateau", "scheduler.patience=0"],
    "muon": ["optimizer=muon"],
}


@pytest.mark.parametrize("carried", CARRIED)
def test_whatever_a_run_carries_along_survives_a_stop(lab, monkeypatch, carried):
    line = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=45", "optimizer.lr=0.01", *CARRIED[carried]]
    whole = lab(*line, "output=whole")
    StopAt(monkeypatch, 31, signal.SIGTERM)
    stopped = lab(*line, "output=stopped", code=143)
    lab("task=train", f"run={stopped}")
    assert same_weights(stopped, whole)


@pytest.mark.parametrize("scheduler", ["constant", "plateau"])
def test_a_run_that_is_extended_equals_a_long_one(lab, scheduler):
    line = [*SMALL["charrnn"], *QUICK, f"scheduler={scheduler}", "optimizer.lr=0.01"]
    long = lab(*line, "trainer.max_epochs=3", "output=long")
    short = lab(*line, "trainer.max_epochs=2", "output=short")
    lab("task=train", f"run={short}", "trainer.max_epochs=3")
    assert same_weights(short, long)


def signal_at(monkeypatch, owner, name, signum):
    """Sends a signal when a function is first called."""
    original = getattr(owner, name)

    def signalled(*args, **kwargs):
        monkeypatch.setattr(owner, name, original)
        os.kill(os.getpid(), signum)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, signalled)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("when", ["validation", "scoring"])
def test_a_signal_is_not_lost_between_steps(lab, monkeypatch, when, signum, code):
    line = [*SMALL["charrnn"], *QUICK, "trainer.max_epochs=1"]
    whole = lab(*line, "output=whole")
    if when == "validation":
        signal_at(monkeypatch, MaximumLikelihood, "on_validation_epoch_start", signum)
    else:
        signal_at(monkeypatch, train, "figures", signum)
    stopped = lab(*line, "output=stopped", code=code)
    assert result(stopped)["status"] == "interrupted"
    lab("task=train", f"run={stopped}")
    assert result(stopped)["metrics"] == result(whole)["metrics"]


def test_a_moved_run_remembers_its_best_figure(lab, tmp_path):
    run = lab(*SMALL["charrnn"], *QUICK, "trainer.max_steps=20", "scheduler=constant")
    moved = run.rename(tmp_path / "moved")
    callback = BestCheckpoint(moved)
    callback.load_state_dict(read_checkpoint(moved / "checkpoints/last.ckpt")["callbacks"][callback.state_key])
    assert callback.best_model_path == str(moved / "checkpoints/best.ckpt")
    assert callback.best_k_models == {callback.best_model_path: callback.best_model_score}


def test_what_a_killed_run_logged_beyond_its_checkpoint_is_dropped(lab, monkeypatch):
    line = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=30", "trainer.log_every_n_steps=1"]
    StopAt(monkeypatch, 10, signal.SIGTERM)
    run = lab(*line, "output=stopped", code=143)
    with (run / "metrics.csv").open("a") as file:
        file.write("11,train/nats_per_dim,9.9\n12,train/na")
    lab("task=train", f"run={run}")
    steps = [int(row["step"]) for row in logged(run) if row["metric"] == "train/nats_per_dim"]
    assert steps == list(range(1, 31))


@pytest.mark.parametrize("precision", ["bf16-true", "bf16-mixed", "64-true"])
@pytest.mark.parametrize("data", ["digits", "table"])
def test_figures_come_from_float32_whatever_training_computed_in(lab, data, precision):
    run = lab(f"data={data}", *SMALL["charrnn"], *QUICK, f"trainer.precision={precision}", "trainer.max_steps=2")
    lab("task=evaluate", f"run={run}")
    assert result(run / "evaluate")["metrics"] == result(run)["metrics"]


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
