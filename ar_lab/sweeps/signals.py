"""Signals that are taken for somebody else: kept in their order, until the children of a pool are told."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ar_lab.sweeps.child import SIGNALS


class Signals:
    """The signals that arrived, in their order; `woken` is a descriptor that is ready to read when there are news."""

    def __init__(self) -> None:
        self.signums: list[int] = []
        self.told = 0
        self.woken, self.wake = os.pipe()

    def ask(self, signum: int, frame: object) -> None:
        self.signums.append(signum)
        os.write(self.wake, b"!")

    def news(self) -> Iterator[int]:
        """What the children are to be told now: what was asked, and from the third time on to be killed."""
        while self.told < len(self.signums):
            os.read(self.woken, 1)
            self.told += 1
            yield self.signums[self.told - 1] if self.told < 3 else signal.SIGKILL


@contextmanager
def taken() -> Iterator[Signals]:
    """Takes SIGINT and SIGTERM while the block runs, where this is the main thread."""
    signals = Signals()
    in_main_thread = threading.current_thread() is threading.main_thread()
    previous = {signum: signal.signal(signum, signals.ask) for signum in SIGNALS if in_main_thread}
    try:
        yield signals
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
        os.close(signals.woken)
        os.close(signals.wake)
