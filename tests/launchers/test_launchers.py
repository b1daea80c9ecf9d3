"""Every launcher runs a sweep of real trainings, each in a child of its own: a kill costs only the job."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ar_lab.sweeps.child import LOG
from tests.tasks.conftest import QUICK, SMALL

TWO_JOBS = ["-m", "seed=0,1", *SMALL["pixelcnn"], *QUICK, "trainer.max_steps=20", "output=sweep"]
LAUNCHERS = {
    "process": ["launcher=process", "launcher.n_jobs=2", "launcher.threads=1"],
    "joblib": ["launcher=joblib", "launcher.n_jobs=2"],
    "ray": ["launcher=ray"],
    "submitit": ["launcher=submitit", "launcher.cluster=local", "launcher.cpus=1"],
}
LIMIT = 120.0  # seconds


@pytest.fixture
def start(tmp_path: Path):
    """Starts a command in an empty directory."""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    started: list[subprocess.Popen] = []

    def run(*line: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "ar_lab", *line]
        options = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, **options))
        return started[-1]

    yield run
    for process in started:
        process.terminate()
        process.communicate(timeout=LIMIT)


def results(sweep: Path) -> list[dict]:
    """result.json of every job, by its seed."""
    return sorted(
        (json.loads(file.read_text()) for file in sweep.glob("*/result.json")), key=lambda r: r.get("seed", 9)
    )


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_ends_with_all_jobs_done_in_children_of_their_own(start, tmp_path: Path, launcher):
    process = start(*LAUNCHERS[launcher], *TWO_JOBS)
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert out.splitlines()[-1] == str(tmp_path / "sweep")
    jobs = results(tmp_path / "sweep")
    assert [(job["status"], job["seed"], job["threads"]) for job in jobs] == [("done", 0, 1), ("done", 1, 1)]
    assert len({process.pid, *(job["pid"] for job in jobs)}) == 3
    assert len(list((tmp_path / "sweep").glob(f"*/{LOG}"))) == 2
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["process", "joblib"])
def test_a_job_that_is_killed_from_outside_costs_only_itself_and_is_gone_on_with(start, tmp_path: Path, launcher):
    process = start(*LAUNCHERS[launcher], *TWO_JOBS)
    deadline = time.monotonic() + LIMIT
    while not (running := [job for job in results(tmp_path / "sweep") if job["status"] == "running"]):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    os.kill(running[0]["pid"], signal.SIGKILL)
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, err
    before = {job["pid"]: job["status"] for job in results(tmp_path / "sweep")}
    assert before.pop(running[0]["pid"]) == "killed"
    assert list(before.values()) == ["done"]
    assert "1 done, 1 killed" in out

    again = start(*LAUNCHERS[launcher], *TWO_JOBS)
    again.communicate(timeout=LIMIT)
    after = results(tmp_path / "sweep")
    assert again.returncode == 0 and [job["status"] for job in after] == ["done", "done"]
    assert set(before) < {job["pid"] for job in after}


@pytest.mark.slow
def test_ctrl_c_lets_the_jobs_of_a_foreign_launcher_save_themselves(start, tmp_path: Path):
    process = start(*LAUNCHERS["joblib"], *TWO_JOBS, "trainer.max_steps=1000000")
    deadline = time.monotonic() + LIMIT
    while len(list((tmp_path / "sweep").glob("*/checkpoints/last.ckpt"))) < 2:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130 and err.splitlines()[-1].startswith("ar_lab: interrupted by SIGINT")
    assert [job["status"] for job in results(tmp_path / "sweep")] == ["interrupted", "interrupted"]
