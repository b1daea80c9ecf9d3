"""How a run ends and goes on: signals, full disks, kills, moves; exact to the last bit where that is promised."""

import errno
import os
import signal

import pytest
import torch

from ar_lab.callbacks.checkpoints import AtomicCheckpointIO, BestCheckpoint
from ar_lab.callbacks.curves import Curves
from ar_lab.learner import MaximumLikelihood
from ar_lab.restore import read_checkpoint
from ar_lab.tasks import train
from tests.tasks.conftest import QUICK, SMALL, logged, result


class StopAt:
    """Sends this process a signal at a step, as a person or a cluster would."""

    def __init__(self, monkeypatch, step, signum):
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
    "prior": [*STREAM, "model.prior=ngram"],
    "accumulation": ["trainer.accumulate_grad_batches=3"],
    "plateau": ["scheduler=plateau", "scheduler.patience=0"],
    "muon and tables": ["optimizer=muon", "model.ngrams=3", "model.buckets=64", "learner.ema=0.9"],
}


@pytest.mark.parametrize("carried", CARRIED)
def test_whatever_a_run_carries_along_survives_a_stop(lab, monkeypatch, carried):
    line = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=45", "optimizer.lr=0.01", *CARRIED[carried]]
    whole = lab(*line, "output=whole")
    StopAt(monkeypatch, 31, signal.SIGTERM)
    stopped = lab(*line, "output=stopped", code=143)
    lab("task=train", f"run={stopped}")
    assert same_weights(stopped, whole)


def test_what_a_window_of_attention_remembers_survives_a_stop(lab, monkeypatch):
    line = [*SMALL["transformer"], *QUICK, *STREAM, "model.window=24", "model.prior=ngram", "trainer.max_steps=12"]
    whole = lab(*line, "output=whole")
    StopAt(monkeypatch, 7, signal.SIGTERM)
    stopped = lab(*line, "output=stopped", code=143)
    lab("task=train", f"run={stopped}")
    assert same_weights(stopped, whole)


def test_a_stop_waits_for_the_gradients_that_are_accumulating(lab, monkeypatch):
    line = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=4", "trainer.accumulate_grad_batches=3"]
    whole = lab(*line, "output=whole")
    StopAt(monkeypatch, 0, signal.SIGTERM)  # after the first batch of the first step
    stopped = lab(*line, "output=stopped", code=143)
    assert read_checkpoint(stopped / "checkpoints/last.ckpt")["global_step"] == 1
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
