"""What a later task found is a W&B run that W&B's own reader finds again, with figures, pictures and pages."""

from PIL import Image

from ar_lab.report.found import WANDB, show_found
from tests.tasks.wandb_reader import no_account, seen  # noqa: F401

LOGGER = {"_target_": WANDB, "project": "ar_lab", "mode": "offline"}


def test_figures_pictures_and_pages_are_in_the_offline_run(tmp_path):
    directory = tmp_path / "run" / "score"
    directory.mkdir(parents=True)
    Image.new("L", (4, 4)).save(directory / "roc.png")
    (directory / "text.html").write_text("<p>bits</p>")
    show_found("score", {"auroc": 0.75, "interval": [0.7, 0.8]}, directory, LOGGER)
    [run] = seen(directory)
    assert run.named == ("run/score", None, "score")
    assert run.summary["auroc"] == 0.75
    assert "interval" not in run.summary
    assert {path.suffix for path in run.path.rglob("files/media/**/*") if path.is_file()} == {".png", ".html"}


def test_other_loggers_are_left_alone(tmp_path):
    show_found("score", {"auroc": 0.75}, tmp_path, {"_target_": "none"})
    assert not [*tmp_path.iterdir()]
