"""Lines that mean a sweep small enough for a test, and what they left."""

import json
from pathlib import Path

from tests.command.conftest import Answer
from tests.tasks.conftest import QUICK, SMALL

TINY = [*SMALL["pixelcnn"], *QUICK, "trainer.max_steps=3", "launcher=basic"]
FOLDS = ["cv=kfold", "cv.folds=3", *TINY]
DIVERGING = "optimizer.lr=3e-3,1e30"


def sweep_of(answer: Answer) -> Path:
    """The sweep whose path is the last line of standard output."""
    path = Path(answer.out.splitlines()[-1])
    assert (path / "sweep.json").is_file(), answer.err
    return path


def summary(sweep: Path) -> dict:
    return json.loads((sweep / "summary.json").read_text())


def results(sweep: Path) -> dict[int, dict]:
    """result.json of every fold."""
    found = [json.loads(file.read_text()) for file in sweep.glob("*/result.json")]
    return {result["fold"]: result for result in found}


def written(place: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in place.rglob("result.json")}
