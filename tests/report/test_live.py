"""A sweep as it is watched: every job that ends is told once, and only what changed counts."""

import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from ar_lab.report.live import Watch, duration, error_line, watching
from ar_lab.runs import write_json


@dataclass
class Job:
    path: Path
    overrides: tuple[str, ...]
    configuration: str

    def says(self, **result):
        self.path.mkdir(exist_ok=True)
        write_json(self.path / "result.json", result)

    def is_done(self, figure: float):
        self.says(status="done", metrics={"test/nats_per_dim": figure}, seconds=4.0)


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Two models, two folds each."""
    return [
        Job(tmp_path / f"{model}{fold}", ("data=digits", f"cv.fold={fold}", f"model={model}"), model)
        for model in ("rnn", "cnn")
        for fold in (0, 1)
    ]


def test_a_job_that_ends_is_told_once_with_what_tells_it_apart(jobs):
    watch = Watch(jobs)
    jobs[1].says(status="running")
    assert watch.poll() == []
    jobs[1].is_done(1.25)
    (line,) = watch.poll()
    assert line.startswith("job 1/4 done  model=rnn cv.fold=1  1.2500 nats/dim  4 s  about ") and line.endswith("left")
    assert watch.poll() == []


def test_a_failure_shows_its_error_and_no_figure(jobs):
    watch = Watch(jobs)
    jobs[0].says(status="failed", traceback="Traceback\n  File\nValueError: too hot\n", metrics={})
    (line,) = watch.poll()
    assert "failed  model=rnn cv.fold=0  ValueError: too hot" in line and "nats/dim" not in line


@pytest.mark.parametrize(
    ("last", "shown"),
    [
        ("ar_lab.errors.DataError: no such file: a.b.c: d", "DataError: no such file: a.b.c: d"),
        ("torch.cuda.OutOfMemoryError", "OutOfMemoryError"),
        ("KeyError: 'a.b'", "KeyError: 'a.b'"),
        ("the log of a.b: it ends", "the log of a.b: it ends"),
        ("ValueError: " + "x" * 100, "ValueError: " + "x" * 87 + "…"),
    ],
)
def test_an_error_is_named_without_its_module_and_cut_with_an_ellipsis(last: str, shown: str):
    assert error_line(f"Traceback\n  File\n{last}\n") == shown


def test_what_lay_there_before_counts_only_if_it_is_done(jobs):
    jobs[0].is_done(1.0)
    jobs[1].says(status="failed", traceback="ValueError: earlier")
    watch = Watch(jobs)
    assert watch.poll() == []
    jobs[2].is_done(2.0)
    assert watch.poll()[0].startswith("job 2/4 done")
    jobs[1].is_done(1.5)
    assert watch.poll()[0].startswith("job 3/4 done")
    assert watch.best().startswith("1.2500 nats/dim  model=rnn  mean of 2")


def test_a_done_job_that_runs_again_is_not_done_meanwhile(jobs):
    jobs[0].is_done(1.0)
    watch = Watch(jobs)
    jobs[0].says(status="running")
    watch.poll()
    jobs[1].is_done(2.0)
    assert watch.poll()[0].startswith("job 1/4 done") and watch.best().startswith("2.0000")


def test_a_result_that_vanishes_or_is_cut_short_breaks_nothing(jobs):
    watch = Watch(jobs)
    jobs[0].says(status="running")
    watch.poll()
    (jobs[0].path / "result.json").write_text('{"stat')
    assert watch.poll() == []
    (jobs[0].path / "result.json").unlink()
    assert watch.poll() == []
    jobs[0].is_done(1.0)
    assert len(watch.poll()) == 1


def test_at_the_end_a_job_whose_process_is_gone_is_killed(jobs):
    watch = Watch(jobs)
    jobs[0].says(status="running", pid=2**22 + 1, process_started="0")
    assert watch.poll() == []
    assert "killed" in watch.poll(over=True)[0]


def test_a_sweep_may_grow_while_it_is_watched(jobs):
    growing = jobs[:1]
    watch = Watch(growing, total=4)
    growing.append(jobs[3])
    jobs[3].is_done(1.0)
    assert watch.poll()[0].startswith("job 1/4 done  model=cnn cv.fold=1")


def test_off_a_terminal_there_is_a_plain_line_a_job_also_for_the_last(jobs, capsys):
    with watching(jobs):
        jobs[0].is_done(1.0)
        jobs[3].says(status="failed", traceback="ValueError: no")
    out, err = capsys.readouterr()
    assert out == "" and [line.split("  ")[0] for line in err.splitlines()] == ["job 1/4 done", "job 2/4 failed"]


def test_on_a_terminal_the_table_counts_what_is_done_running_and_failed(jobs):
    watch = Watch(jobs)
    jobs[0].is_done(1.0)
    jobs[1].says(status="running")
    jobs[2].says(status="failed")
    watch.poll()
    console = Console(file=io.StringIO(), width=120)
    console.print(watch.table())
    shown = console.file.getvalue()
    assert "1/4" in shown and "1.0000 nats/dim" in shown
    assert shown.splitlines()[-1].strip() == "running: model=rnn cv.fold=1"  # below the table: it is not the best


def test_a_sweep_that_starts_no_more_jobs_has_no_time_left_but_is_stopping(jobs):
    stop = []
    watch = Watch(jobs, stopping=lambda: bool(stop))
    jobs[0].is_done(1.0)
    assert watch.poll()[0].endswith("left")
    stop.append(True)
    jobs[1].is_done(1.0)
    assert not watch.poll()[0].endswith("left")
    console = Console(file=io.StringIO(), width=120)
    console.print(watch.table())
    assert "stopping" in console.file.getvalue()


def test_a_terminal_sees_the_live_table_and_every_job_above_it(jobs, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with watching(jobs):
        jobs[0].is_done(1.0)
        until = time.monotonic() + 20
        while "1/4" not in terminal.getvalue() and time.monotonic() < until:
            time.sleep(0.05)
    assert "best so far" in terminal.getvalue() and "job 1/4 done" in terminal.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(4.2, "4 s"), (600.0, "10 min"), (12600.0, "3.5 h")])
def test_durations_are_told_in_the_unit_that_suits(seconds, text):
    assert duration(seconds) == text
