"""Ranks: the processes that train one run together. Rank 0 is the run; it starts the others, and they end with it.

The others are `python -m ar_lab.tasks.join`. They meet rank 0 at a store that it keeps, take their share of every batch
and every collective step of Lightning's DDP, and have nothing else: no lock, no result, no logger, no output.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.environments import ClusterEnvironment
from torch import distributed

from ar_lab.errors import LabError, ProcessKilled

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds for another process to end, or for a step without one that died to fail


@dataclass
class Rank(ClusterEnvironment):
    """Which process this is, of how many."""

    number: int
    count: int

    creates_processes_externally = True  # by `together`, and not by a repetition of whatever command line this is
    main_address = HOST
    main_port = 0  # nobody asks: the processes meet at the store

    @staticmethod
    def detect() -> bool:
        return False

    def world_size(self) -> int:
        return self.count

    def set_world_size(self, size: int) -> None:
        """It is given."""

    def global_rank(self) -> int:
        return self.number

    def set_global_rank(self, rank: int) -> None:
        """It is given."""

    def local_rank(self) -> int:
        return self.number

    def node_rank(self) -> int:
        return 0


@contextmanager
def together(run: Path, count: int, device: torch.device) -> Iterator[None]:
    """Lets the block train with `count` processes, this one included, which share the threads that it had alone.

    Raises:
        LabError: in place of a broken connection, when another process failed: what it failed of.
        ProcessKilled: when another process was killed.
    """
    if count == 1:
        yield
        return
    store = distributed.TCPStore(HOST, 0, is_master=True)
    with _shared_threads(count):
        others = [_start(run, Rank(number, count), store.port) for number in range(1, count)]
        over = threading.Event()
        threading.Thread(target=_watch, args=(others, over), daemon=True).start()
        try:
            _wait_for(others, store)
            with connected(store, Rank(0, count), device):
                yield
                for other in others:
                    with suppress(subprocess.TimeoutExpired):
                        other.wait(PATIENCE)
        except RuntimeError as error:
            _blame(others, store)
            raise error
        finally:
            over.set()
            _end(others)


@contextmanager
def connected(store: distributed.Store, rank: Rank, device: torch.device) -> Iterator[None]:
    """Torch's default process group while the block runs; Lightning takes what there is."""
    if device.type == "cuda":
        device = torch.device("cuda", rank.number)
        torch.cuda.set_device(device)
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        store=store,
        rank=rank.number,
        world_size=rank.count,
        device_id=device if device.type == "cuda" else None,
    )
    try:
        yield
    finally:
        distributed.destroy_process_group()


def gathered(own: Any) -> list[Any]:
    """What every process has, by rank."""
    if not distributed.is_initialized():
        return [own]
    everything: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(everything, own)
    return everything


@contextmanager
def reporting(store: distributed.Store, rank: Rank) -> Iterator[None]:
    """Tells rank 0 why a further process fails."""
    try:
        yield
    except Exception as error:
        line = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
        line = f"rank {rank.number} of {rank.count} failed: {line}"
        with suppress(RuntimeError):  # rank 0, which keeps the store, is gone
            store.set("failure", json.dumps([line, traceback.format_exc()]))
        raise


def end_with_parent() -> None:
    """Ends this process when the one that started it does, however it ends: standard input is a pipe from there."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)  # the main thread may be caught in a step that nobody will join

    threading.Thread(target=wait, daemon=True).start()


def _start(run: Path, rank: Rank, port: int) -> subprocess.Popen:
    line = [sys.executable, "-m", "ar_lab.tasks.join", str(run), str(rank.number), str(rank.count), str(port)]
    # A session of its own: signals to the terminal's or the job's group are for rank 0, which tells the others.
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)


def _wait_for(others: list[subprocess.Popen], store: distributed.Store) -> None:
    """Until all are ready to connect, which otherwise would wait for one that died in vain."""
    for number, other in enumerate(others, start=1):
        while not store.check([f"ready {number}"]):
            if other.poll() is not None:
                raise RuntimeError(f"rank {number} ended before training, with exit code {other.returncode}")
            time.sleep(0.02)


def _blame(others: list[subprocess.Popen], store: distributed.Store) -> None:
    """Raises what another process failed of, if one did."""
    until = time.monotonic() + 5.0  # a connection breaks a moment before its process is over
    while not any(other.poll() for other in others) and time.monotonic() < until:
        time.sleep(0.05)
    if store.check(["failure"]):
        line, details = json.loads(store.get("failure"))
        raise LabError(line) from RuntimeError(details)
    for number, other in enumerate(others, start=1):
        if other.poll() is not None and other.returncode < 0:
            name = signal.Signals(-other.returncode).name
            raise ProcessKilled(f"rank {number} of {len(others) + 1} was killed by {name}")


def _watch(others: list[subprocess.Popen], over: threading.Event) -> None:
    """Ends this process too, resumable, when another one died and the step that it is missing from never fails."""
    while not over.wait(1.0):
        if any(other.poll() for other in others) and not over.wait(PATIENCE):
            print("ar_lab: another process of this run died; ending this one", file=sys.stderr, flush=True)
            os._exit(1)


def _end(others: list[subprocess.Popen]) -> None:
    for other in others:
        other.kill()
        other.wait()
        other.stdin.close()


@contextmanager
def _shared_threads(count: int) -> Iterator[None]:
    """Gives every process its part of this one's threads; the others, and Lightning, read it from the environment."""
    threads, variable = torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")
    share = max(1, threads // count)
    os.environ["OMP_NUM_THREADS"] = str(share)
    torch.set_num_threads(share)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        os.environ.pop("OMP_NUM_THREADS")
        if variable is not None:
            os.environ["OMP_NUM_THREADS"] = variable
