"""The same search again, once its data are others: figures on different data are not ranked together."""

import os
import shutil
from pathlib import Path

import pytest

from tests.command.test_search import RATE, search_of, trials, written
from tests.data.conftest import mnist  # noqa: F401, a fixture
from tests.tasks.conftest import SMALL

SEARCH = ["sweep=optuna", "launcher=basic", *SMALL["charrnn"], "logger=csv", "task.samples=2", "trainer.max_steps=2"]
LINE = [*SEARCH, RATE, "output=S", "data.batch_size=8"]
FOLDS = [[], ["cv=kfold", "cv.folds=2"]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "table.csv"
    file.write_text("a,b\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(60)))
    return file


@pytest.mark.parametrize("folds", FOLDS)
def test_trials_on_other_data_are_not_ranked_with_new_ones(command, table, folds):
    line = [*LINE, *folds, "data=table", f"data.path={table}"]
    path = search_of(command(*line, "sweep.n_trials=1"))
    before = written(path)
    table.write_text(table.read_text() + "3,3\n")
    answer = command(*line, "sweep.n_trials=2")
    assert answer.code == 2
    assert "the data are others now (checksum" in answer.err and "choose another sweep.name or output" in answer.err
    assert written(path) == before and len(trials(path)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("folds", FOLDS)
def test_a_search_goes_on_with_the_same_data_in_files_written_again(command, table, folds):
    line = [*LINE, *folds, "data=table", f"data.path={table}"]
    path = search_of(command(*line, "sweep.n_trials=1"))
    first = path / trials(path)[0].job / ("fold0" if folds else "") / "metrics.csv"
    trained = first.stat().st_mtime_ns
    os.utime(table, ns=(1, 1))
    answer = command(*line, "sweep.n_trials=2")
    assert answer.code == 0, answer.err
    assert [trial.state for trial in trials(path)] == ["COMPLETE"] * 2
    assert first.stat().st_mtime_ns == trained


@pytest.mark.slow
def test_a_search_looks_for_its_data_where_the_line_says(command, request, tmp_path):
    raw = tmp_path / "first/MNIST/raw"
    raw.mkdir(parents=True)
    for name, content in request.getfixturevalue("mnist").items():
        (raw / name).write_bytes(content)
    line = [*LINE, "data=mnist", "data.levels=2"]
    path = search_of(command(*line, "data.root=first", "data.cache=first_cache", "sweep.n_trials=1"))
    shutil.move("first", "second")
    shutil.move("first_cache", "second_cache")
    answer = command(*line, "data.root=second", "data.cache=second_cache", "sweep.n_trials=2")
    assert answer.code == 0, answer.err
    assert [trial.state for trial in trials(path)] == ["COMPLETE"] * 2
