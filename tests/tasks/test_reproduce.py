"""task=reproduce: equal to the last digit, or a table of what is not."""

import json

import pytest
import torch
import yaml

from tests.tasks.conftest import QUICK, SMALL, result

LINE = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=4", "model.dropout=0.3"]


def test_a_finished_run_is_reproduced_to_the_last_digit_by_the_threads_it_had(lab, capfd):
    run = lab(*LINE)
    before, threads = result(run), torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        lab("task=reproduce", f"run={run}")
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    again = result(run / "reproduce")
    assert again["metrics"] == before["metrics"] and again["threads"] == before["threads"] == threads
    out = capfd.readouterr().out
    assert f"{len(before['metrics'])} of {len(before['metrics'])} metrics equal" in out
    assert out.splitlines()[-1] == str(run / "reproduce")
    assert result(run) == before


def test_a_fold_and_a_job_of_all_folds_are_reproduced(lab):
    for fold in ("1", "all"):
        run = lab(*LINE, "cv=kfold", "cv.folds=2", f"cv.fold={fold}", f"output=fold_{fold}", "hydra.mode=RUN")
        lab("task=reproduce", f"run={run}")
        assert result(run / "reproduce")["metrics"] == result(run)["metrics"]


def test_what_is_not_reproduced_is_told_with_what_may_matter(lab, capfd):
    run = lab(*LINE)
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["optimizer"]["lr"] *= 2
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    (run / "result.json").write_text(json.dumps({**result(run), "commit": "another"}))
    lab("task=reproduce", f"run={run}", code=1)
    answer = capfd.readouterr()
    assert "test/nats_per_dim" in answer.out and "another" in answer.out
    assert "baseline/nats_per_dim" not in answer.out  # which does not depend on the learning rate
    assert "were not reproduced" in answer.err


@pytest.mark.parametrize("status", ["failed", "interrupted", "killed"])
def test_an_unfinished_run_is_refused_in_one_line(lab, status, capfd):
    run = lab(*LINE)
    (run / "result.json").write_text(json.dumps({**result(run), "status": status}))
    capfd.readouterr()
    lab("task=reproduce", f"run={run}", code=2)
    assert f"is {status}; only a finished run" in capfd.readouterr().err
