"""W&B: a run of its own for what a later task found of a trained model; its figures, pictures and pages."""

import sys
from pathlib import Path
from typing import Any

from ar_lab.report.dashboard import sign_in

WANDB = "pytorch_lightning.loggers.WandbLogger"


def show_found(task: str, metrics: dict[str, Any], directory: Path, logger: dict[str, Any]) -> None:
    """Logs flat figures and every .png and .html of the directory, where `logger` is W&B.

    What goes wrong is a line on standard error: all of it lies in the directory.
    """
    if logger["_target_"] != WANDB:
        return
    try:
        sign_in(logger["mode"])
        _log(task, metrics, directory, {key: value for key, value in logger.items() if key != "_target_"})
    except Exception as error:
        print(f"ar_lab: no W&B run of {directory}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)


def _log(task: str, metrics: dict[str, Any], directory: Path, settings: dict[str, Any]) -> None:
    import wandb

    name = f"{directory.parent.name}/{directory.name}"
    quiet = wandb.Settings(console="off")
    run = wandb.init(
        **settings, dir=directory, name=name, job_type=task, config={"directory": str(directory)}, settings=quiet
    )
    code = 1
    try:
        pictures = {path.stem: wandb.Image(str(path)) for path in sorted(directory.glob("*.png"))}
        pages = {path.stem: wandb.Html(str(path), inject=False) for path in sorted(directory.glob("*.html"))}
        figures = {key: value for key, value in metrics.items() if isinstance(value, (int, float, str))}
        run.log({**figures, **pictures, **pages})
        code = 0
    finally:
        run.finish(exit_code=code)
