"""The run directory: never shared, never half written, and honest about what became of its process."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ar_lab import runs
from ar_lab.errors import ConfigError, Interrupted, LabError
from ar_lab.runs import directory

CONFIG = {
    "model": {"name": "net", "layers": 2},
    "data": {"name": "digits", "root": "a"},
    "logger": {"x": 1},
    "seed": 0,
    "run": None,
    "output": None,
}


@pytest.fixture(autouse=True)
def in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_runs_started_in_the_same_second_never_share_a_directory(tmp_path):
    made = []
    threads = [threading.Thread(target=lambda: made.append(runs.create(CONFIG).path)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16
    assert all(path.parent == tmp_path / "outputs" and "_net_digits" in path.name for path in made)


def test_a_run_goes_exactly_where_output_says(tmp_path):
    assert runs.create(CONFIG, "here/it/is").path == tmp_path / "here" / "it" / "is"


def test_the_config_comes_back_as_it_was_written():
    config = {
        **CONFIG,
        "trainer": {"max_time": "01:00:00:30", "lr": 1e-5, "none": None, "list": [1, 2.0], "text": "ß: #"},
    }
    assert runs.create(config).config == config


def test_the_same_output_and_config_goes_on_with_that_run():
    first = runs.create(CONFIG, "here")
    first.write_result(status="interrupted", seconds=3)
    again = runs.create({**CONFIG, "logger": None, "data": {"name": "digits", "root": "b"}}, "here")
    assert again.path == first.path and again.result["seconds"] == 3


def test_another_config_in_the_same_output_is_refused_with_the_key_that_differs():
    runs.create(CONFIG, "here")
    with pytest.raises(ConfigError, match=r"here: holds a run with model.layers=2, this one has model.layers=3"):
        runs.create({**CONFIG, "model": {"name": "net", "layers": 3}}, "here")


def test_a_directory_that_is_no_run_is_never_written_into(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="not empty, and not a run"):
        runs.create(CONFIG, tmp_path)


def test_of_the_runs_that_claim_one_output_at_once_one_gets_it(monkeypatch):
    outcomes, all_found_it_empty, look = [], threading.Barrier(4), directory._given

    def look_together(path):
        found = look(path)
        all_found_it_empty.wait()
        return found

    def claim(seed):
        try:
            outcomes.append(runs.create({**CONFIG, "seed": seed}, "here"))
        except LabError as error:
            outcomes.append(error)

    monkeypatch.setattr(directory, "_given", look_together)
    threads = [threading.Thread(target=claim, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if isinstance(outcome, runs.Run)]
    assert len(outcomes) == 4 and len(winners) == 1


def test_what_a_kill_left_before_there_was_a_run_is_no_obstacle(tmp_path):
    (tmp_path / "config.yaml.1.2.tmp").write_text("half")
    (tmp_path / ".lock").touch()
    run = runs.create(CONFIG, tmp_path)
    (run.path / "result.json.1.2.tmp").write_text("half")
    (run.path / "checkpoints" / "last.ckpt.tmp").write_text("half")
    runs.create(CONFIG, tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))


def test_an_output_that_cannot_be_written_is_said_in_one_line():
    with pytest.raises(
        LabError, match=r"/dev/null/run: cannot write the run \(Not a directory\); choose another place"
    ):
        runs.create(CONFIG, "/dev/null/run")


def test_results_are_merged_and_what_is_not_finite_is_null():
    run = runs.create(CONFIG)
    run.write_result(status="running", metrics={"a": 1.0})
    run.write_result(metrics={"a": float("nan"), "b": [float("inf"), 2]}, seed=0)
    text = (run.path / "result.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["metrics"] == {"a": None, "b": [None, 2]}
    assert run.result["status"] == "running" and run.result["seed"] == 0


def test_a_write_that_fails_leaves_the_old_result_and_no_litter(monkeypatch):
    run = runs.create(CONFIG)
    run.write_result(status="done")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        run.write_result(status="failed")
    assert run.status == "done"
    assert sorted(file.name for file in run.path.iterdir()) == [".lock", "checkpoints", "config.yaml", "result.json"]


def test_a_process_that_is_gone_was_killed():
    run = runs.create(CONFIG)
    assert run.status == "pending"  # nothing was ever said
    script = f"from ar_lab.runs import find; find({str(run.path)!r}).write_result(status='running')"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(runs.__file__).parents[2])
    assert run.result["status"] == "running" and run.status == "killed"


def test_a_process_id_that_was_given_to_another_process_is_not_alive():
    run = runs.create(CONFIG)
    run.write_result(status="running")
    assert run.status == "running"
    run.write_result(process_started="long ago")
    assert run.status == "killed"


def test_a_run_on_another_host_is_not_taken_for_killed():
    run = runs.create(CONFIG)
    run.write_result(status="running")
    run.write_result(pid=2**22 + 1)
    assert run.status == "killed"
    run.write_result(host="node17")
    assert run.status == "running"


HOLD = """
from ar_lab import runs
with runs.claimed({config}) as run:
    {said}
    print(flush=True)
    input()
"""


@pytest.mark.parametrize("says", [True, False])
def test_a_run_that_another_process_runs_is_refused_before_anything_is_written(says):
    run = runs.create(CONFIG, "here")
    script = HOLD.format(config={**CONFIG, "output": "here"}, said="run.write_result(status='running')" * says)
    environment = {**os.environ, "PYTHONPATH": str(Path(runs.__file__).parents[2])}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as holder:
        holder.stdout.readline()
        before = {file: file.stat().st_mtime_ns for file in run.path.rglob("*")}
        named = f"process {holder.pid} runs there" if says else "another process runs there"
        for config in ({**CONFIG, "output": "here"}, {**CONFIG, "run": "here", "seed": 9}):
            with pytest.raises(LabError, match=named), runs.claimed(config):
                pass
        assert {file: file.stat().st_mtime_ns for file in run.path.rglob("*")} == before
        holder.communicate(b"\n")
    with runs.claimed({**CONFIG, "output": "here"}):
        pass


def test_recording_tells_how_the_block_ended():
    run = runs.create(CONFIG)
    with run.recording(seed=1):
        assert run.status == "running"
        run.write_result(status="done")
    assert run.status == "done" and run.result["seed"] == 1 and run.result["seconds"] >= 0


def test_recording_keeps_the_traceback_of_a_failure_until_the_run_goes_on():
    run = runs.create(CONFIG)
    with pytest.raises(ZeroDivisionError) as caught, run.recording():
        raise ZeroDivisionError
    assert caught.value.run_path == run.path
    assert run.status == "failed" and "ZeroDivisionError" in run.result["traceback"]
    with run.recording():
        assert "traceback" not in run.result


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Interrupted(signal.SIGTERM, "run")])
def test_recording_calls_a_signal_an_interruption(stop):
    run = runs.create(CONFIG)
    with pytest.raises(type(stop)), run.recording():
        raise stop
    assert run.status == "interrupted"


def test_the_time_of_a_run_adds_up_when_it_goes_on():
    run = runs.create(CONFIG)
    run.write_result(seconds=100)
    with run.recording():
        pass
    assert 100 <= run.result["seconds"] < 200


def test_what_later_tasks_write_is_numbered():
    run = runs.create(CONFIG)
    assert [run.subdirectory("evaluate").name for _ in range(3)] == ["evaluate", "evaluate_2", "evaluate_3"]


def test_a_run_is_found_from_a_checkpoint_deep_inside():
    run = runs.create(CONFIG)
    checkpoint = run.path / "checkpoints" / "epoch" / "3.ckpt"
    checkpoint.parent.mkdir()
    checkpoint.touch()
    found = runs.find(checkpoint)
    assert found.path == run.path and found.checkpoint() == checkpoint
    assert found.checkpoint("last") == run.path / "checkpoints" / "last.ckpt"
    assert runs.find(run.path).checkpoint() == run.path / "checkpoints" / "best.ckpt"


def test_a_mistaken_path_is_told_the_newest_run_beside_it():
    made = runs.create(CONFIG)
    made.write_result(status="done")
    with pytest.raises(ConfigError, match=f"the last run there is {made.path.name}"):
        runs.find(made.path.parent / "nowhere")
