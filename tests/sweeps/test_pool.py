"""The pool: however a job ends, the others go on, and its directory says how."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import tests.sweeps.toys as toys
from ar_lab.runs import Run
from ar_lab.runs.recording import alone
from ar_lab.sweeps import pool
from ar_lab.sweeps.machine import Slot

ENTRY = "tests.sweeps.toys:job"
ONE, TWO = [Slot(1)], [Slot(1), Slot(2)]


@pytest.fixture
def jobs(tmp_path: Path) -> Callable[..., list[Run]]:
    """A frozen toy job for each word."""

    def make(*hows: str) -> list[Run]:
        made = [Run(tmp_path / f"{i}-{how}") for i, how in enumerate(hows)]
        for run, how in zip(made, hows, strict=True):
            run.path.mkdir()
            (run.path / "config.yaml").write_text(yaml.safe_dump({"how": how}))
        return made

    return make


def run(jobs: list[Run], slots: list[Slot] = TWO, **options) -> list[str]:
    pool.run([job.path for job in jobs], ENTRY, slots, **options)
    return [job.status for job in jobs]


def test_a_killed_job_and_a_failing_one_cost_only_themselves(jobs):
    made = jobs("die", "fail", "ok", "silent", "ok")
    assert run(made) == ["killed", "failed", "done", "failed", "done"]
    assert made[0].result["signal"] == "SIGKILL"
    assert "as it was told to" in made[1].result["traceback"]


def test_a_child_that_could_not_say_anything_failed_with_the_end_of_its_log(jobs):
    (silent,) = made = jobs("silent")
    run(made)
    assert silent.result["traceback"] == "the last words"
    pool.run([silent.path], "nowhere:job", ONE)
    assert silent.result["traceback"].endswith("No module named 'nowhere'")


def test_a_child_that_fails_at_once_does_not_keep_what_was_said_before(jobs):
    (job,) = made = jobs("ok")
    job.write_result(status="interrupted", pid=1)
    pool.run([job.path], "nowhere:job", ONE)
    assert run(made) == ["done"]
    job.write_result(status="interrupted", pid=1)
    pool.run([job.path], "nowhere:job", ONE)
    assert job.status == "failed"


def test_a_job_that_finds_itself_done_stays_done(jobs):
    made = jobs("found done")
    made[0].write_result(status="done", pid=1)
    assert run(made) == ["done"]


def test_nothing_is_written_where_another_process_runs(jobs):
    held, _ = made = jobs("refused", "overtaken")
    for job in made:
        job.write_result(status="running")
    with alone(held):
        before = held.result
        assert run(made) == ["running", "done"]
        assert held.result == before
    assert run([held]) == ["failed"]


def test_a_signal_before_a_job_has_begun_leaves_it_as_it_was(jobs):
    made = jobs("early", "early")
    made[1].write_result(status="failed", pid=1)
    assert run(made) == ["pending", "failed"]


def test_as_many_jobs_run_side_by_side_as_there_are_slots(jobs):
    assert run(jobs("meet", "meet"), TWO) == ["done", "done"]
    one_after_another = jobs("alone", "alone", "alone")
    assert run(one_after_another, ONE) == ["done", "done", "done"]


def test_a_lease_is_of_one_job_at_a_time_and_returns_with_its_end(jobs):
    made = jobs("lease", "die", "lease", "fail", "lease", "lease", "ok")
    run(made, [Slot(1, ("GPU-a",)), Slot(2, ("GPU-b", "GPU-c"))])
    used = [
        (job.result["environment"]["CUDA_VISIBLE_DEVICES"], job.result["environment"]["OMP_NUM_THREADS"])
        for job in made
    ]
    assert set(used) == {("GPU-a", "1"), ("GPU-b,GPU-c", "2")}
    assert [job.status for job in made].count("done") == 5  # `lease` fails where another one has its GPUs


def test_a_job_gets_the_environment_of_the_command_as_it_is_now(jobs, monkeypatch):
    made = jobs("environment")
    monkeypatch.setenv("OF_THE_COMMAND", "now")
    assert run(made) == ["done"]


def test_fail_fast_starts_nothing_more_and_interrupts_what_runs(jobs):
    made = jobs("wait", "fail_late", "ok")
    assert run(made, fail_fast=True) == ["interrupted", "failed", "pending"]


def test_a_pool_that_is_stopped_starts_nothing_more_and_interrupts_what_runs(jobs):
    made = jobs("wait", "ok")
    assert run(made, ONE, stop=(made[0].path / "here").exists) == ["interrupted", "pending"]


def test_a_job_that_is_slow_to_stop_is_told_once(jobs):
    made = jobs("slow_to_stop", "fail_late")
    assert run(made, fail_fast=True, stop=lambda: (made[0].path / "told").exists()) == ["interrupted", "failed"]


def test_a_signal_to_a_job_alone_interrupts_only_that(jobs):
    assert run(jobs("terminated", "ok"), ONE) == ["interrupted", "done"]


COMMAND = """
import signal
import sys
from pathlib import Path

from ar_lab.errors import Interrupted
from ar_lab.sweeps import pool
from ar_lab.sweeps.machine import Slot

if __name__ == "__main__":
    if sys.argv[1] == "ignored":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pool.run([Path(path) for path in sys.argv[2:]], "tests.sweeps.toys:job", [Slot(1)] * 2)
    except Interrupted as stopped:
        sys.exit(stopped.exit_code)
"""


@pytest.fixture
def command(tmp_path: Path):
    """A process of its own, in a group of its own as on a terminal, that runs a pool."""
    file = tmp_path / "command.py"
    file.write_text(COMMAND)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    started = []

    def start(jobs: list[Run], sigint: str = "default") -> subprocess.Popen:
        line = [sys.executable, str(file), sigint, *(str(job.path) for job in jobs)]
        started.append(subprocess.Popen(line, env=environment, start_new_session=True))
        toys.wait_until(lambda: all((job.path / "here").exists() for job in jobs[:2]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("signum", "sigint", "code"), [("SIGINT", "default", 130), ("SIGTERM", "default", 143), ("SIGINT", "ignored", 130)]
)
def test_a_signal_interrupts_every_job_once_and_starts_nothing_more(command, jobs, signum, sigint, code):
    made = jobs("wait", "stubborn", "ok")
    process = command(made, sigint)
    os.killpg(process.pid, getattr(signal, signum))  # what a terminal does
    toys.wait_until(lambda: made[0].status == "interrupted")
    toys.wait_until((made[1].path / "told1").exists)
    process.send_signal(signal.SIGTERM)
    toys.wait_until((made[1].path / "told2").exists)
    assert process.poll() is None and made[1].status == "running"
    process.send_signal(signal.SIGTERM)
    assert process.wait(toys.FOREVER) == code
    assert [job.status for job in made] == ["interrupted", "killed", "pending"]


def test_no_job_outlives_a_command_that_was_killed(command, jobs):
    made = jobs("wait", "wait")
    command(made).kill()
    toys.wait_until(lambda: all(job.status == "interrupted" for job in made))


def test_a_pool_that_fails_leaves_nobody_behind(jobs, monkeypatch):
    made = jobs("wait", "fail_late")

    def full(child) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(pool.Child, "conclude", full)
    with pytest.raises(OSError, match="no space left"):
        run(made)
    assert made[0].status == "interrupted"
