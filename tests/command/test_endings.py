"""How a command ends: exit codes, one line on standard error, and a sweep that outlives a failed job.

The task is the real one; a data source of the user's own package makes it end as each test needs.
"""

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

import ar_lab
from ar_lab import runs
from ar_lab.codecs.image import ImageCodec

SOURCE = """
    import signal
    from ar_lab.data.parts import Source
    from ar_lab.errors import DataError

    class Source(Source):
        def __init__(self, how):
            self.how = how

        def load(self):
            if self.how == "data":
                raise DataError("the disk of the well is dry")
            if self.how == "bug":
                return 1 / 0
            if self.how == "interrupt":
                raise KeyboardInterrupt
            signal.raise_signal(getattr(signal, self.how))
"""
CONFIG = """
    _target_: well.Source
    name: well
    batch_size: 1
    epochs: 1
    how: bug
"""


@pytest.fixture
def well(command, tmp_path: Path, monkeypatch):
    """The command with a package `well` and its config beside ours."""
    (tmp_path / "well.py").write_text(textwrap.dedent(SOURCE))
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "data" / "well.yaml").write_text(textwrap.dedent(CONFIG))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AR_LAB_TRUST", "well")
    monkeypatch.setenv("AR_LAB_CONFIGS", str(tmp_path / "mine"))
    return lambda *line: command("data=well", "logger=none", *line)


def the_runs(tmp_path: Path) -> list[runs.Run]:
    return [runs.Run(file.parent) for file in sorted((tmp_path / "outputs").rglob("result.json"))]


def test_an_own_package_needs_to_be_trusted_by_the_environment(well, monkeypatch):
    monkeypatch.delenv("AR_LAB_TRUST")
    answer = well()
    assert answer.code == 2 and "data._target_=well.Source: not a data of ar_lab" in answer.err


def test_own_configs_are_found_by_config_dir_as_well(well, tmp_path, monkeypatch):
    monkeypatch.delenv("AR_LAB_CONFIGS")
    assert "no such data" in well("--cfg", "job").err
    assert "name: well" in well("--cfg", "job", f"--config-dir={tmp_path / 'mine'}").out


def test_bad_data_is_said_in_its_own_words(well, tmp_path):
    answer = well("data.how=data")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "ar_lab: the disk of the well is dry\n"
    assert [run.status for run in the_runs(tmp_path)] == ["failed"]


def test_a_bug_is_named_in_one_line_and_its_traceback_kept_in_the_run(well, tmp_path):
    answer = well("data.how=bug")
    (run,) = the_runs(tmp_path)
    assert answer.code == 1
    traceback = f"the traceback is in {run.path / 'result.json'}"
    assert answer.err == f"ar_lab: ZeroDivisionError: division by zero; {traceback}\n"
    assert run.status == "failed" and "return 1 / 0" in run.result["traceback"]


@pytest.mark.parametrize(("how", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_with_its_code_and_says_how_to_go_on(well, tmp_path, how, code):
    answer = well(f"data.how={how}")
    (run,) = the_runs(tmp_path)
    assert answer.code == code
    assert answer.err == f"ar_lab: interrupted by {how}; to go on: python -m ar_lab task=train run={run.path}\n"
    assert run.status == "interrupted"


def test_a_keyboard_interrupt_is_a_sigint(well, tmp_path):
    assert well("data.how=interrupt").code == 130
    assert [run.status for run in the_runs(tmp_path)] == ["interrupted"]


def test_a_failed_job_does_not_end_the_other_jobs_of_a_sweep(well, tmp_path):
    answer = well("-m", "launcher=basic", "data.how=data,bug", "seed=0,1")
    assert answer.code == 1
    assert len(the_runs(tmp_path)) == 4
    assert len(re.findall("ar_lab: the disk", answer.err)) == len(re.findall("ar_lab: Zero", answer.err)) == 2


@pytest.mark.parametrize("line", ["-m seed=-1 model=charrnn", "seed=-1 -m model=charrnn", "seed=-1 model=charrnn -m"])
def test_flags_may_stand_anywhere_among_the_overrides(command, line):
    assert "seed=-1: must be at least 0" in command(*line.split()).err


def test_an_interrupted_job_ends_the_sweep(well, tmp_path):
    assert well("-m", "launcher=basic", "data.how=SIGTERM,bug").code == 143
    assert len(the_runs(tmp_path)) == 1


def test_a_job_of_a_sweep_that_is_wrong_is_said_and_fails_the_sweep(well, tmp_path):
    answer = well("-m", "seed=-1,-2")
    assert answer.code == 2 and the_runs(tmp_path) == []
    assert "seed=-1: must be at least 0" in answer.err and "seed=-2: must be at least 0" in answer.err


def test_a_single_run_leaves_nothing_but_its_directory(well, tmp_path):
    before = {"well.py", "mine", "__pycache__"}
    well()
    assert {path.name for path in tmp_path.iterdir()} <= before | {"outputs"}
    (run,) = the_runs(tmp_path)
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == [run.path.name]


STUCK = """
    import time

    def net(**arguments):
        print("building", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def started(composed, tmp_path: Path, monkeypatch):
    """A process of the command on a run whose result.json is a pipe and whose model is slow to build."""
    (tmp_path / "well.py").write_text(textwrap.dedent(STUCK))
    monkeypatch.setenv("AR_LAB_TRUST", "well")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(ar_lab.__file__).parent.parent}")
    config = composed("logger=none")
    run = runs.create({**config, "model": {"_target_": "well.net", "name": "net"}}, tmp_path / "run")
    torch.save({"codec": ImageCodec((8, 8, 1), 17, 17).to_dict(), "state_dict": {}}, run.checkpoint("best"))
    os.mkfifo(run.path / "result.json")
    processes = []

    def start(task: str) -> subprocess.Popen:
        line = [sys.executable, "-m", "ar_lab", f"task={task}", f"run={run.path}"]
        processes.append(subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_before_training_ends_with_its_code_and_one_line(started, tmp_path, signum, code):
    process = started("train")
    with (tmp_path / "run" / "result.json").open("w"):  # opens once the command reads
        process.send_signal(signum)
        assert process.communicate(timeout=60) == ("", f"ar_lab: interrupted by {signum.name}\n")
    assert process.returncode == code


@pytest.mark.parametrize("task", ["evaluate", "sample"])
def test_a_signal_in_a_later_task_ends_with_its_code_and_one_line(started, task):
    process = started(task)
    assert process.stdout.readline() == "building\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", "ar_lab: interrupted by SIGTERM\n")
    assert process.returncode == 143


def test_the_command_leaves_the_handler_of_sigterm_as_it_was(command):
    before = signal.getsignal(signal.SIGTERM)
    command("seed=-1")
    assert signal.getsignal(signal.SIGTERM) is before
