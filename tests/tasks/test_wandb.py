"""W&B offline, read back with W&B's own reader: the state, the config, the curves, the gallery and the figures."""

from tests.tasks.conftest import SMALL, result
from tests.tasks.wandb_reader import no_account, seen  # noqa: F401

LINE = [*SMALL["charrnn"], "logger=wandb", "task.samples=2", "evaluation.examples=16", "trainer.log_every_n_steps=1"]


def test_a_finished_run_holds_config_curves_gallery_and_figures(lab):
    run = lab(*LINE, "trainer.max_steps=3")
    (found,) = seen(run)
    assert (found.state, found.exit_code) == ("finished", 0)
    assert found.named == (run.name, None, None)
    assert (found.whole["config"]["data"]["name"], found.whole["config"]["model"]["hidden"]) == ("digits", 16)
    assert {"samples", "learning_rate"} <= set(found.summary)
    figures = result(run)["metrics"]
    assert {name: found.summary[name] for name in figures} == figures


def test_a_failed_run_is_failed_there_too_and_the_next_is_another(lab):
    broken = lab(*LINE, "optimizer=sgd", "optimizer.lr=1e30", "trainer.gradient_clip_val=null", "output=a", code=1)
    sound = lab(*LINE, "trainer.max_steps=1", "output=b")
    assert [(run.state, run.exit_code) for run in seen(broken)] == [("failed", 1)]
    assert [(run.state, run.exit_code) for run in seen(sound)] == [("finished", 0)]
    assert result(broken)["wandb_id"] != result(sound)["wandb_id"]


def test_online_without_a_key_is_one_line(lab, capfd):
    lab(*LINE, "logger.mode=online", "trainer.max_steps=1", code=2)
    assert "needs a W&B key" in capfd.readouterr().err


def test_tensorboard_writes_into_the_run(lab):
    run = lab(*LINE, "logger=tensorboard", "trainer.max_steps=2")
    assert list((run / "tensorboard").glob("events*"))
