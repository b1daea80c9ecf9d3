"""The child of a pool: a process of its own for one job, which writes to the job's log and ends with its parent."""

import os
import signal
import sys
import threading
import time
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path

from ar_lab.errors import Interrupted
from ar_lab.runs.recording import interruptible

LOG = "log.txt"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 60.0  # seconds that a job has to save itself once its parent is gone, and has again when it is told twice


def work(entry: str, directory: Path, environment: dict[str, str]) -> None:
    """Calls `entry`, written as module:function, with a directory, and exits with the code that it returns."""
    os.setsid()  # a terminal's Ctrl-C reaches the parent alone
    _write_to(directory / LOG)
    os.environ.clear()
    os.environ.update(environment)
    if "torch" in sys.modules:  # it read the fork server's environment
        sys.modules["torch"].set_num_threads(int(environment["OMP_NUM_THREADS"]))
    try:
        with interruptible(SIGNALS):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # the parent starts children with these blocked
            threading.Thread(target=_end_with_parent, daemon=True).start()
            module, _, function = entry.partition(":")
            code = getattr(import_module(module), function)(directory)
    except Interrupted as stopped:
        code = stopped.exit_code
    sys.exit(code)


def _write_to(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(descriptor, stream.fileno())
        stream.reconfigure(line_buffering=True)  # what a killed job said last is worth reading
    os.close(descriptor)


def _end_with_parent() -> None:
    """Interrupts this process once its parent is gone, as a signal would; ends it when that does not help."""
    wait([parent_process().sentinel])
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
    os.killpg(0, signal.SIGKILL)
