"""What a run's result says when it ends, and that two never share a directory."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ar_lab import runs
from ar_lab.errors import LabError
from ar_lab.runs.processes import is_alive, start_time
from ar_lab.runs.recording import recorded

CONFIG = {"model": {"name": "m"}, "data": {"name": "d"}, "output": None, "run": None}


@pytest.fixture
def run(tmp_path):
    return runs.create(CONFIG, tmp_path / "run")


def test_two_starts_on_one_output_do_not_both_run(run):
    config = {**CONFIG, "output": str(run.path)}
    with runs.claimed(config) as first, recorded(first), pytest.raises(LabError, match="runs there"):
        runs.claimed(config).__enter__()
    with runs.claimed(config):
        pass


def test_a_full_disk_is_one_line_with_the_remedy(run):
    with pytest.raises(LabError, match="no space left on the disk"), recorded(run):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert run.status == "failed"


def test_another_error_stays_what_it_is(run):
    with pytest.raises(FileNotFoundError), recorded(run):
        raise FileNotFoundError("x")
    assert "FileNotFoundError" in run.result["traceback"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the state of a process is read from /proc")
def test_a_killed_process_that_nobody_waited_for_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_time(child.pid)
    assert is_alive(child.pid, started)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(child.pid, started)
    child.communicate()
