"""Stopping a sweep whose jobs run in other processes, even on other machines: a file in its directory tells them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ar_lab.errors import Interrupted

STOP = ".stop"


def ask(sweep: Path) -> None:
    """Asks every job of a sweep to save and end, and none to start."""
    (sweep / STOP).touch()


def asked(sweep: Path) -> bool:
    return (sweep / STOP).exists()


def withdraw(sweep: Path) -> None:
    """Takes back what an earlier line asked."""
    (sweep / STOP).unlink(missing_ok=True)


@contextmanager
def stoppable(sweep: Path) -> Iterator[None]:
    """Lets SIGINT and SIGTERM ask the jobs of a sweep to end, while the block waits until they have.

    Raises:
        Interrupted: at the end of the block, or at once for a second signal.
    """
    withdraw(sweep)
    signums: list[int] = []

    def stop(signum: int, frame: object) -> None:
        signums.append(signum)
        if len(signums) > 1:
            raise Interrupted(signum)
        ask(sweep)

    in_main_thread = threading.current_thread() is threading.main_thread()
    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM) if in_main_thread}
    try:
        yield
    except BaseException:
        ask(sweep)  # whatever still runs is not waited for
        raise
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
    if signums:
        raise Interrupted(signums[0])
