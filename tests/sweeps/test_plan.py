"""A sweep on disk: planned before anything is written, found again from its directory."""

import pytest

from ar_lab.errors import ConfigError, LabError
from ar_lab.sweeps import plan
from ar_lab.sweeps.plan import Sweep
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
