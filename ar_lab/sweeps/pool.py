"""The pool: jobs side by side, a child process each, so that whatever ends one of them costs only that job."""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from traceback import format_exc
from typing import Any

from ar_lab.errors import Interrupted, Occupied
from ar_lab.runs import Run
from ar_lab.runs.recording import alone
from ar_lab.sweeps.child import LOG, SIGNALS, work
from ar_lab.sweeps.machine import Slot
from ar_lab.sweeps.signals import Signals, taken

ENDINGS = ("done", "failed", "interrupted", "killed", "pruned")  # what a job says of itself
SECONDS_BETWEEN_LOOKS = 1.0  # at `stop`
LOST = 255  # the exit code of a child whose fork server went away
TAIL = 30  # lines of its log that stand for a traceback


def run(
    directories: Sequence[Path],
    entry: str,
    slots: Sequence[Slot],
    fail_fast: bool = False,
    stop: Callable[[], bool] = lambda: False,
    preload: Sequence[str] = (),
) -> None:
    """Calls `entry`, written as module:function, with every directory, each in a child process of its own.

    A child inherits the modules of `preload`, which must not touch a GPU when they are imported. How a job ended is in
    its result.json: the pool adds `killed`, and `failed` for one that could not say so itself. The first of these under
    `fail_fast`, and `stop` once it is true, interrupt what runs; the rest is not started.

    Raises:
        Interrupted: by SIGINT or SIGTERM, once the children have saved and ended; a second signal tells them again, a
            third kills them.
    """
    pool = Pool(entry, slots, _context(preload))
    with taken() as signals:
        try:
            pool.work_off(deque(directories), fail_fast, stop, signals)
        finally:
            pool.end()
    if signals.signums:
        raise Interrupted(signals.signums[0])


@dataclass
class Child:
    """One job, its process, and what the process uses."""

    run: Run
    before: dict[str, Any]  # what the run said of itself when the process was started
    slot: Slot
    process: BaseProcess

    def tell(self, signum: int) -> None:
        """Sends a signal: SIGKILL to whatever the job started as well, any other to the job alone."""
        with suppress(ProcessLookupError):
            if signum == signal.SIGKILL:
                os.killpg(self.process.pid, signum)
            else:
                os.kill(self.process.pid, signum)

    def conclude(self) -> None:
        """Writes how the job ended, unless it said so itself, or another process has the run."""
        self.process.join()
        code = self.process.exitcode
        killed = code < 0 or code == LOST
        if killed:
            self.tell(signal.SIGKILL)
        if code in (130, 143):  # a signal before the job had begun leaves all as it was
            return
        with suppress(Occupied), alone(self.run):
            result = self.run.result
            if result.get("status") in ENDINGS and (code == 0 or result != self.before):
                return
            if killed:
                self.run.write_result(status="killed", signal=signal.Signals(-code).name if code < 0 else None)
            else:
                self.run.write_result(status="failed", traceback=_tail(self.run.path / LOG))


class Pool:
    def __init__(self, entry: str, slots: Sequence[Slot], context: BaseContext):
        self.entry = entry
        self.free = list(slots)
        self.context = context
        self.children: list[Child] = []

    def work_off(self, waiting: deque[Path], fail_fast: bool, stop: Callable[[], bool], signals: Signals) -> None:
        """Starts what waits where a slot is free, until all has ended."""
        stopping = False
        while self.children or waiting:
            while waiting and self.free and not signals.signums:
                self.start(waiting.popleft())
            wait([signals.woken, *(child.process.sentinel for child in self.children)], SECONDS_BETWEEN_LOOKS)
            for signum in signals.news():
                stopping = True
                self.tell(signum)
            broken = any(run.status in ("failed", "killed") for run in self.reap())
            if not stopping and (stop() or (broken and fail_fast)):
                stopping = True  # told once: a second time would not let them save
                self.tell(signal.SIGTERM)
            if stopping:
                waiting.clear()

    def start(self, directory: Path) -> None:
        run, slot = Run(directory), self.free.pop(0)
        arguments = (self.entry, directory, {**os.environ, **slot.environment})
        process = self.context.Process(target=work, args=arguments, name=directory.name)
        before = run.result
        try:
            with _starting():
                process.start()
            self.children.append(Child(run, before, slot, process))
        except (OSError, EOFError):  # no process or no memory is left
            with suppress(Occupied), alone(run):
                run.write_result(status="failed", traceback=format_exc())
            self.free.append(slot)

    def reap(self) -> list[Run]:
        """Takes leave of the children that have ended."""
        ended = [child for child in self.children if child.process.exitcode is not None]
        for child in ended:
            child.conclude()
            self.children.remove(child)
            self.free.append(child.slot)
            child.process.close()
        return [child.run for child in ended]

    def tell(self, signum: int) -> None:
        for child in self.children:
            child.tell(signum)

    def end(self) -> None:
        """Leaves nobody behind when the pool itself fails."""
        self.tell(signal.SIGTERM)
        for child in self.children:
            child.process.join()


def _context(preload: Sequence[str]) -> BaseContext:
    """Children are forked from a server that has imported what they need, where that is safe: on Linux."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload, work.__module__])
    return context


@contextmanager
def _starting() -> Iterator[None]:
    """What a fork server inherits when a child's start starts it: blocked signals, and one thread.

    A child unblocks them once it has its handlers. GNU OpenMP hangs in a child whose parent had threads.
    """
    resource_tracker.ensure_running()  # unblocks signals when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    threads, os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS"), "1"
    try:
        yield
    finally:
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = threads
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _tail(log: Path) -> str:
    with suppress(OSError):
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:])
    return "ended without a word"
