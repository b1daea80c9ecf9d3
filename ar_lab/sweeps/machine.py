"""The machine: its cores, memory and GPUs, divided among the jobs that run side by side. No torch."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MEMORY_PER_PROCESS = 4 * 2**30  # bytes: torch, a model with its optimizer, and data the size of MNIST
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Slot:
    """What one job at a time may use; a job without GPUs of its own sees those that the command sees."""

    threads: int
    gpus: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        visible = {"CUDA_VISIBLE_DEVICES": ",".join(self.gpus)} if self.gpus else {}
        return {"OMP_NUM_THREADS": str(self.threads), **visible}


def divide(n_jobs: int | None, threads: int | None, gpus: Sequence[str] = (), devices: int = 1) -> list[Slot]:
    """A slot for each of the jobs side by side: its GPUs where there are some, else cores that have their memory.

    A job has `devices` processes, each with `threads` and with a GPU of its own. What they get depends on the machine
    and never on how many jobs there are: figures do on the threads, in their last bits.
    """
    threads = threads or _wished_threads()
    leases = [tuple(gpus[i : i + devices]) for i in range(0, len(gpus) - devices + 1, devices)]
    if n_jobs is None:
        room = min(cores() // (threads or 1), memory() // MEMORY_PER_PROCESS)
        n_jobs = len(leases) or max(1, room // devices)
    threads = threads or max(1, cores() // (n_jobs * devices))
    return [Slot(threads, leases[i % len(leases)] if leases else ()) for i in range(n_jobs)]


def _wished_threads() -> int | None:
    """OMP_NUM_THREADS, where the user set it; its first level when it is nested."""
    wished = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(wished) if wished.isdecimal() and int(wished) else None


def cores() -> int:
    """Those that this process may use, under taskset, SLURM or a container's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = map(int, (CGROUP / "cpu.max").read_text().split())
        allowed = min(allowed, max(1, quota // period))
    return allowed


def memory() -> int:
    """Bytes of the machine, or of the container."""
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):
        there = min(there, int((CGROUP / "memory.max").read_text()))
    return there


def gpus() -> list[str]:
    """What CUDA_VISIBLE_DEVICES can hold for each NVIDIA GPU that this process may use, MIG instances one by one."""
    if shutil.which("nvidia-smi") is None:
        return []
    try:
        answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    installed = re.findall(r"UUID: ([\w/-]+)", answer.stdout)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not installed:
        return [name for name in installed if name.startswith("MIG")] or installed
    return [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
