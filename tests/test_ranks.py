"""The processes of one run end with each other, whatever they are doing; tests/tasks/test_ddp.py has them train."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

BUSY = """
import sys, time
from ar_lab import ranks
ranks.end_with_parent()
print("ready", flush=True)
time.sleep(100)
"""
CAUGHT = """
import subprocess, sys, threading
from ar_lab import ranks
ranks.PATIENCE = 0.1
other = subprocess.Popen(sys.argv[1:])
other.wait()
threading.Thread(target=ranks._watch, args=([other], threading.Event()), daemon=True).start()
threading.Event().wait(5)
"""


def start(program: str, *arguments: str) -> subprocess.Popen:
    line = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_process_ends_with_the_one_that_started_it_in_the_middle_of_anything():
    process = start(BUSY)
    assert process.stdout.readline() == "ready\n"
    process.communicate(timeout=50)  # closes its input, as the end of this process would
    assert process.returncode == 1


@pytest.mark.parametrize(("other", "code", "said"), [("false", 1, "another process of this run died"), ("true", 0, "")])
def test_a_step_that_waits_for_a_dead_process_is_given_up(other, code, said):
    process = start(CAUGHT, other)
    assert said in process.communicate(timeout=50)[1]
    assert process.returncode == code
