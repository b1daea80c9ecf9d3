"""Recording: whatever happens to a run, its result says so, and a signal leaves it resumable."""

import errno
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from filelock import FileLock, Timeout

from ar_lab.errors import Interrupted, LabError, Occupied
from ar_lab.runs.run import Run

LOCK = ".lock"


@contextmanager
def recorded(run: Run) -> Iterator[None]:
    """Keeps the run's status while the block runs: running, then done, failed or interrupted.

    Raises:
        LabError: in place of a full disk's OSError, with the remedy in one line.
    """
    with run.recording(), interruptible((signal.SIGINT, signal.SIGTERM), run):
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise LabError(
                f"no space left on the disk of {run.path}: free some and go on with "
                f"`python -m ar_lab task=train run={run.path}`; the last good checkpoint is kept"
            ) from error


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """Holds the lock of a directory while the block runs; it ends with the process, however that ends.

    Raises:
        Occupied: when another process holds it.
        LabError: when the directory cannot be written.
    """
    lock = FileLock(run.path / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        process = f"process {run.result['pid']}" if run.status == "running" else "another process"
        raise Occupied(f"{run.path}: {process} runs there; wait for it, or end it first") from None
    except OSError as error:
        raise LabError(f"{run.path}: cannot be written ({error.strerror}); choose another output=DIR") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def interruptible(signums: Iterable[int], run: Run | None = None) -> Iterator[None]:
    """Lets signals raise Interrupted, which names the run if there is one, in the main thread while the block runs."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise Interrupted(signum, None if run is None else run.path)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {signum: signal.signal(signum, interrupt) for signum in signums}
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
