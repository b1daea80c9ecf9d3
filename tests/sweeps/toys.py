"""Jobs of a pool that do nothing but end in a certain way."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from ar_lab.errors import Interrupted
from ar_lab.runs import Run
from ar_lab.sweeps.pool import SECONDS_BETWEEN_LOOKS

FOREVER = 60.0  # seconds, after which a test has failed


def job(directory: Path) -> int:
    """Does what config.yaml says under `how`, and records itself as a training does."""
    run = Run(directory)
    how = run.config["how"]
    if how == "silent":
        print("the last words")
        os._exit(3)
    if how == "found done":
        return 0
    if how == "refused":
        return 1
    if how == "overtaken":  # refused, by a process that has ended since
        run.write_result(status="done")
        return 1
    if how == "early":
        signal.raise_signal(signal.SIGTERM)
    environment = {key: os.environ.get(key) for key in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")}
    try:
        with run.recording(environment=environment):
            (directory / "here").touch()
            WAYS[how](directory)
            run.write_result(status="done")
    except Interrupted as stopped:
        return stopped.exit_code
    except RuntimeError:
        return 1
    return 0


def fail(directory: Path) -> None:
    raise RuntimeError("as it was told to")


def fail_late(directory: Path) -> None:
    wait_until(lambda: len(list(directory.parent.glob("*/here"))) == 2)
    fail(directory)


def alone(directory: Path) -> None:
    """Fails where another job runs at the same time."""
    _exclusive(directory.parent / "alone")


def lease(directory: Path) -> None:
    """Fails where another job has its GPUs."""
    _exclusive(directory.parent / os.environ["CUDA_VISIBLE_DEVICES"])


def _exclusive(claim: Path) -> None:
    try:
        claim.mkdir()
    except FileExistsError:
        raise RuntimeError("taken") from None
    time.sleep(0.05)
    claim.rmdir()


def stubborn(directory: Path) -> None:
    """Counts how often it is told to end, and does not."""
    for told in range(1, 10):
        try:
            time.sleep(FOREVER)
        except Interrupted:
            (directory / f"told{told}").touch()


def slow_to_stop(directory: Path) -> None:
    """Takes longer to end than the pool takes between two looks; a second signal makes it fail."""
    try:
        time.sleep(FOREVER)
    except Interrupted:
        (directory / "told").touch()
        try:
            time.sleep(2 * SECONDS_BETWEEN_LOOKS)
        except Interrupted:
            fail(directory)
        raise


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + FOREVER
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


WAYS: dict[str, Callable[[Path], None]] = {
    "ok": lambda directory: None,
    "fail": fail,
    "fail_late": fail_late,
    "die": lambda directory: os.kill(os.getpid(), signal.SIGKILL),
    "terminated": lambda directory: os.kill(os.getpid(), signal.SIGTERM),
    "wait": lambda directory: time.sleep(FOREVER),
    "meet": lambda directory: wait_until(lambda: len(list(directory.parent.glob("*-meet/here"))) == 2),
    "alone": alone,
    "lease": lease,
    "stubborn": stubborn,
    "slow_to_stop": slow_to_stop,
    "environment": lambda directory: None if os.environ["OF_THE_COMMAND"] == "now" else fail(directory),
}
