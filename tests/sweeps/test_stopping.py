"""Asking a whole sweep to end: once and it is waited for, twice and it is not."""

import signal
from pathlib import Path

import pytest

from ar_lab.errors import Interrupted
from ar_lab.sweeps.stopping import ask, asked, stoppable


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_is_told_at_the_end(tmp_path: Path, signum):
    before, reached = signal.getsignal(signum), False
    with pytest.raises(Interrupted, match=signum.name), stoppable(tmp_path):
        signal.raise_signal(signum)
        reached = asked(tmp_path)
    assert reached and signal.getsignal(signum) is before


def test_the_second_signal_does_not_wait(tmp_path: Path):
    with pytest.raises(Interrupted, match="SIGTERM"), stoppable(tmp_path):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("went on")


def test_a_sweep_that_starts_is_not_asked_any_more(tmp_path: Path):
    ask(tmp_path)
    with stoppable(tmp_path):
        assert not asked(tmp_path)


def test_what_a_failing_launcher_leaves_running_is_asked_to_end(tmp_path: Path):
    with pytest.raises(OSError, match="lost"), stoppable(tmp_path):
        raise OSError("lost")
    assert asked(tmp_path)
