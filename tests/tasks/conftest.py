"""Whole runs in this process, small enough for a test."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ar_lab.__main__ import main

SMALL = {
    "charrnn": ["model=charrnn", "model.hidden=16"],
    "transformer": ["model=transformer", "model.layers=1", "model.width=16", "model.heads=2"],
    "pixelcnn": ["model=pixelcnn", "model.features=8", "model.layers=2", "model.kernel=3"],
}
QUICK = ["logger=csv", "task.samples=2", "data.epochs=1", "evaluation.examples=16", "task.certify=false"]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Runs a line in an empty directory, expects success, and returns the run directory, `output` or the newest."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, code: int = 0) -> Path:
        output = next((a.partition("=")[2] for a in argv if a.startswith("output=")), None)
        assert main(list(argv)) == code
        made = sorted((tmp_path / "outputs").glob("*"), key=lambda path: path.stat().st_ctime)
        return tmp_path / output if output else made[-1] if made else tmp_path

    return run


def result(run: Path) -> dict:
    return json.loads((run / "result.json").read_text())


def logged(run: Path) -> list[dict[str, str]]:
    """The rows of metrics.csv."""
    return list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
