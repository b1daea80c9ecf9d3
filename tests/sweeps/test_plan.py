"""A sweep on disk: planned before anything is written, found again from its directory."""

from dataclasses import replace

import pytest

from ar_lab.errors import ConfigError, LabError
from ar_lab.runs import Run
from ar_lab.runs.recording import alone
from ar_lab.sweeps import plan
from ar_lab.sweeps.plan import Sweep
from ar_lab.tasks.summarize import conclude
from tests.command.conftest import composed


@pytest.fixture
def sweep(tmp_path, monkeypatch) -> Sweep:
    """Two jobs, frozen."""
    monkeypatch.chdir(tmp_path)
    jobs = [([f"seed={seed}"], composed(f"seed={seed}")) for seed in (0, 1)]
    planned = plan.plan(["seed=0,1"], jobs)
    assert not planned.path.exists()
    with planned.alone():
        planned.freeze(planned.jobs)
    return planned


def test_a_sweep_is_found_again_as_it_was_planned(sweep):
    found = plan.find(sweep.path)
    assert found == sweep
    assert [job.run.status for job in found.jobs] == ["pending", "pending"]


def test_a_job_is_done_when_its_run_is(sweep):
    first, second = sweep.jobs
    first.run.write_result(status="done")
    second.run.write_result(status="failed")
    assert first.is_done() and not second.is_done()


def test_a_second_process_is_refused(sweep):
    with sweep.alone(), pytest.raises(LabError, match="runs there"), sweep.alone():
        pass


def test_a_job_that_another_process_runs_is_left_as_it_is(sweep):
    first, second = sweep.jobs
    first.run.write_result(status="running", data_files={})
    changed = replace(sweep, jobs=tuple(replace(job, config={**job.config, "logger": None}) for job in sweep.jobs))
    with alone(first.run):
        assert changed.freeze(changed.jobs) == [changed.jobs[1]]
    assert first.run.config == first.config and first.run.result["data_files"] == {}
    assert second.run.config != second.config


@pytest.mark.parametrize("jobs_before", [0, 1])
def test_a_kill_while_jobs_are_frozen_leaves_a_sweep_that_the_same_line_finds(
    tmp_path, monkeypatch, capsys, jobs_before
):
    jobs = [([f"seed={seed}"], composed(f"output={tmp_path / 'sweep'}", f"seed={seed}")) for seed in (0, 1)]
    planned, write = plan.plan(["seed=0,1"], jobs), Run.write_config

    def cut(run, config):
        if config["seed"] == jobs_before:
            raise KeyboardInterrupt
        write(run, config)

    monkeypatch.setattr(Run, "write_config", cut)
    with pytest.raises(KeyboardInterrupt), planned.alone():
        planned.freeze(planned.jobs)
    assert plan.find(planned.path).jobs == ()
    conclude(plan.find(planned.path))
    assert capsys.readouterr().out.splitlines()[-1] == str(planned.path)
    assert plan.plan(["seed=0,1"], jobs) == planned


def test_a_directory_that_another_process_is_about_to_fill_is_said_to_be_its_own(tmp_path):
    output = tmp_path / "sweep"
    first = plan.plan([], [([], composed(f"output={output}"))])
    with first.alone():
        (output / "sweep.json.1.2.tmp").touch()
        second = plan.plan([], [([], composed(f"output={output}"))])
        with pytest.raises(LabError, match="another process runs there"), second.alone():
            pass


def test_two_names_of_one_job_are_refused():
    jobs = [([f"optimizer.lr={lr}"], composed(f"optimizer.lr={lr}")) for lr in ("0.001", "1e-3")]
    with pytest.raises(ConfigError, match=r"optimizer.lr=1e-3: the same job as optimizer.lr=0.001"):
        plan.plan(["optimizer.lr=0.001,1e-3"], jobs)


def test_a_directory_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ConfigError, match="not empty, and not a sweep"):
        plan.plan([], [([], composed(f"output={tmp_path}"))])


def test_what_is_no_sweep_is_said_in_one_line(tmp_path):
    with pytest.raises(ConfigError, match="not a sweep"):
        plan.find(tmp_path)
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        plan.find(tmp_path)
