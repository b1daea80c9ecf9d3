"""Records: what the files of a job say, in whatever state it was left."""

import csv
from pathlib import Path

import pytest

from ar_lab.callbacks.metrics_csv import MetricsCSV
from ar_lab.runs import Run, write_json
from ar_lab.sweeps.cv_results import write_csv
from ar_lab.sweeps.plan import Job
from ar_lab.sweeps.records import gather
from tests.sweeps.made_up import ended, figures, two_models

METRICS = {"test/nats_per_dim": 1.25, "test/nats_per_dim_se": 0.01, "train/nats_per_dim": 1.0}
SPLIT = {"train": 1000, "validation": 100, "test": 275, "hash": "0f", "validation_hash": "1f", "test_hash": "2f"}
DONE = {
    "status": "done",
    "metrics": METRICS,
    "seconds": 3.5,
    "parameters": 77,
    "commit": "abc",
    "split": SPLIT,
}


def job(sweep: Path, fold: int | str | None = 0, seed: int = 0, strategy: str = "grid") -> Job:
    """A job whose directory holds its frozen config, as after planning."""
    config = {
        "model": {"name": "charrnn"},
        "data": {"name": "digits"},
        "seed": seed,
        "cv": {"folds": None if fold is None else 3, "fold": fold, "repeats": 1, "repeat": 0},
        "sweep": {"strategy": strategy},
    }
    planned = Job(sweep / f"job{fold}{seed}", ("data=digits", f"cv.fold={fold}"), config)
    planned.path.mkdir(parents=True, exist_ok=True)
    planned.run.write_config(config)
    return planned


def says(path: Path, **result) -> None:
    path.mkdir(exist_ok=True)
    write_json(path / "result.json", result)


def test_a_done_job_has_its_figures_and_sizes(tmp_path: Path):
    done = job(tmp_path)
    says(done.path, **DONE)
    logger = MetricsCSV(done.path / "metrics.csv")
    for step, value in ((1, 2.0), (2, 1.5), (3, 1.75)):
        logger.log_metrics({"validation/nats_per_dim": value}, step)
    (record,) = gather([done])
    assert (record.figure, record.se, record.train, record.gap, record.validation) == (1.25, 0.01, 1.0, 0.25, None)
    assert (record.fold, record.repeat, record.seed, record.status) == (0, 0, 0, "done")
    assert (record.n_train, record.n_test, record.parameters, record.seconds) == (1100, 275, 77, 3.5)
    assert (record.validation_best, record.validation_last) == (1.5, 1.75)
    assert (record.name, record.id) == ("model=charrnn data=digits", done.path.name)


@pytest.mark.parametrize(
    ("fold", "strategy", "part", "sizes"),
    [(0, "grid", "2f", (1100, 275)), (None, "grid", "2f", (1100, 275)), (None, "optuna", "1f", (1000, 100))],
)
def test_a_figure_knows_which_examples_it_is_over(tmp_path: Path, fold, strategy, part, sizes):
    done = job(tmp_path, fold, strategy=strategy)
    says(done.path, **DONE)
    (record,) = gather([done])
    assert (record.held_out, record.n_train, record.n_test) == (part, *sizes)


def test_of_a_result_that_names_no_examples_they_are_unknown(tmp_path: Path):
    done = job(tmp_path)
    says(done.path, **DONE | {"split": {"train": 9, "validation": 1, "test": 2, "hash": "0f"}})
    assert gather([done])[0].held_out is None


def test_replicates_share_a_configuration(tmp_path: Path):
    records = gather([job(tmp_path, 0), job(tmp_path, 1), job(tmp_path, 1, seed=5)])
    assert len({record.configuration for record in records}) == 1


@pytest.mark.parametrize(
    ("result", "status", "error"),
    [
        ({}, "pending", None),
        ({"status": "running", "pid": 2**22 + 1}, "killed", None),
        ({"status": "interrupted"}, "interrupted", None),
        ({"status": "failed", "traceback": "Traceback …\n  x\nValueError: no\n"}, "failed", "ValueError: no"),
        ({"status": "failed", "traceback": "ar_lab.errors.DataError: gone"}, "failed", "DataError: gone"),
    ],
)
def test_a_job_without_a_figure_says_what_became_of_it(tmp_path: Path, result, status, error):
    planned = job(tmp_path)
    if result:
        says(planned.path, **result)
    (record,) = gather([planned])
    assert (record.status, record.error, record.figure) == (status, error, None)


def test_old_figures_of_a_job_that_is_not_done_do_not_count(tmp_path: Path):
    planned = job(tmp_path)
    says(planned.path, **DONE | {"status": "interrupted"})
    assert gather([planned])[0].figure is None


def test_a_figure_that_is_no_number_is_none(tmp_path: Path):
    planned = job(tmp_path)
    says(planned.path, **DONE | {"metrics": {"test/nats_per_dim": float("nan")}})
    assert gather([planned])[0].figure is None


def test_folds_inside_a_job_are_a_record_each_also_those_it_did_not_come_to(tmp_path: Path):
    planned = job(tmp_path, "all")
    says(planned.path, status="failed", traceback="ValueError: in fold 1")
    says(planned.path / "fold0", **DONE)
    says(planned.path / "fold1", status="failed", traceback="ValueError: in fold 1")
    records = gather([planned])
    assert [record.fold for record in records] == [0, 1, 2]
    assert [record.status for record in records] == ["done", "failed", "pending"]
    assert [record.figure for record in records] == [1.25, None, None]
    assert records[0].path == planned.path / "fold0" and {record.id for record in records} == {planned.id}


def test_a_job_that_ended_between_two_folds_is_told_once(tmp_path: Path):
    planned = job(tmp_path, "all")
    says(planned.path, status="failed", traceback="ValueError: no disk")
    says(planned.path / "fold0", **DONE)
    records = gather([planned])
    assert [record.status for record in records] == ["done", "failed", "pending"]
    assert [record.error for record in records] == [None, "ValueError: no disk", None]


def test_folds_that_a_running_job_has_yet_to_start_are_pending(tmp_path: Path):
    planned = job(tmp_path, "all")
    Run(planned.path).write_result(status="running")
    assert [record.status for record in gather([planned])] == ["pending"] * 3


def test_cv_results_have_a_row_a_training_with_its_overrides_and_figures(tmp_path: Path):
    write_csv(ended(two_models(tmp_path), 0, "failed", "ValueError: a, b"), tmp_path)
    rows = list(csv.DictReader((tmp_path / "cv_results.csv").read_text().splitlines()))
    assert len(rows) == 10 and list(rows[0])[:3] == ["id", "data", "model"]
    assert (rows[0]["status"], rows[0]["figure"], rows[0]["error"]) == ("failed", "", "ValueError: a, b")
    assert [float(row["figure"]) for row in rows[5:]] == figures("cnn2")
    assert (rows[6]["model"], rows[6]["fold"], rows[6]["path"]) == ("cnn2", "1", "cnn2100")
