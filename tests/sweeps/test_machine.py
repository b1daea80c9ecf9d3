"""What a machine has, divided among jobs: never more than there is, and the same for one job as for many."""

import os
from pathlib import Path

import pytest

from ar_lab.sweeps import machine
from ar_lab.sweeps.machine import MEMORY_PER_PROCESS, Slot, divide, gpus

A, B = "GPU-8a56a4bc-e184-a047-2620-be19fdf913d5", "GPU-31cfe05c-ed13-cd17-d7aa-c63db5108c24"
MIG = "MIG-c7384736-a75d-5afc-978f-d2f1294409fd"


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 8)
    monkeypatch.setattr(machine, "memory", lambda: 100 * MEMORY_PER_PROCESS)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.mark.parametrize(
    ("n_jobs", "threads", "expected"),
    [
        (None, None, [1] * 8),
        (None, 3, [3] * 2),
        (2, None, [4] * 2),
        (3, 5, [5] * 3),
        (20, None, [1] * 20),
        (None, 9, [9]),
    ],
)
def test_cores_are_shared_out(eight_cores, n_jobs, threads, expected):
    assert [slot.threads for slot in divide(n_jobs, threads)] == expected


def test_the_threads_that_the_user_asks_for_are_a_jobs_threads(eight_cores, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    assert divide(None, None) == [Slot(4), Slot(4)]
    assert divide(None, 8) == [Slot(8)]


def test_jobs_have_their_memory(eight_cores, monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: 3 * MEMORY_PER_PROCESS + 1)
    assert divide(None, None) == [Slot(2)] * 3
    monkeypatch.setattr(machine, "memory", lambda: 1)
    assert divide(None, None) == [Slot(8)]


def test_the_processes_of_a_job_share_what_it_has(eight_cores, monkeypatch):
    assert divide(None, None, devices=2) == [Slot(1)] * 4
    assert divide(2, None, devices=2) == [Slot(2)] * 2
    monkeypatch.setattr(machine, "memory", lambda: 5 * MEMORY_PER_PROCESS)
    assert divide(None, None, devices=2) == [Slot(2)] * 2


def test_a_container_has_its_quota_of_cores_and_memory(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    everything = machine.cores(), machine.memory()
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert (machine.cores(), machine.memory()) == everything
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text("1000\n")
    assert (machine.cores(), machine.memory()) == (1, 1000)


def test_every_gpu_is_leased_to_one_job_unless_more_jobs_are_wished(eight_cores):
    assert divide(None, None, [A, B]) == [Slot(4, (A,)), Slot(4, (B,))]
    assert [slot.gpus for slot in divide(3, None, [A, B])] == [(A,), (B,), (A,)]
    assert [slot.gpus for slot in divide(None, None, [A, B, MIG], devices=2)] == [(A, B)]
    assert Slot(4, (A, B)).environment["CUDA_VISIBLE_DEVICES"] == f"{A},{B}"
    assert "CUDA_VISIBLE_DEVICES" not in Slot(4).environment


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch):
    """A driver that lists what it is given."""

    def install(listed: str, code: int = 0) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}END\nexit {code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return install


TWO = f"GPU 0: NVIDIA H100 (UUID: {A})\nGPU 1: NVIDIA H100 (UUID: {B})\n"
PARTED = f"GPU 0: NVIDIA H100 (UUID: {A})\n  MIG 1g.10gb     Device  0: (UUID: {MIG})\n"


def test_gpus_are_those_of_the_driver_that_the_user_left_visible(nvidia_smi, monkeypatch):
    nvidia_smi(TWO)
    assert gpus() == [A, B]
    for visible, expected in (("1", ["1"]), (f"{B}, {A}", [B, A]), ("", []), ("-1", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert gpus() == expected


def test_a_parted_gpu_is_leased_part_by_part(nvidia_smi):
    nvidia_smi(PARTED)
    assert gpus() == [MIG]


def test_without_a_working_driver_there_are_no_gpus(nvidia_smi, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    nvidia_smi("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", code=9)
    assert gpus() == []
