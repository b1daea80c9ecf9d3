"""task=certify and the certificate that training ends with."""

import json

import pytest

from ar_lab.likelihoods.categorical import CategoricalConditional
from ar_lab.runs import Run
from tests.tasks.conftest import QUICK, SMALL, result

LINE = [*SMALL["charrnn"], *QUICK, "data=digits", "trainer.max_steps=2", "output=run"]


@pytest.fixture
def sharper(monkeypatch: pytest.MonkeyPatch):
    """Makes the sampler draw at another temperature than it says."""
    sound = CategoricalConditional.sample
    broken = lambda self, noise: sound(CategoricalConditional(1.5 * self.logits), noise)  # noqa: E731
    return lambda: monkeypatch.setattr(CategoricalConditional, "sample", broken)


def test_training_ends_with_a_certificate(lab, capsys):
    run = lab(*LINE, "task.certify=true")
    assert json.loads((run / "certificate.json").read_text())["holds"]
    assert "| causal |" in (run / "certificate.md").read_text()
    assert (run / "receptive_field.png").read_bytes().startswith(b"\x89PNG")
    certificate = result(run)["certificate"]
    assert certificate["holds"] and certificate["verdict"] in capsys.readouterr().out
    assert result(run)["status"] == "done" and certificate["refuted"] == []


def test_training_without_a_certificate_says_how_to_get_one(lab, capsys):
    run = lab(*LINE)
    assert f"not certified: task=certify run={run}" in capsys.readouterr().out
    assert not (run / "certificate.json").exists()


def test_a_failed_proof_fails_the_run(lab, sharper, capsys):
    sharper()
    run = lab(*LINE, "task.certify=true", code=1)
    found = result(run)
    assert found["status"] == "failed" and found["certificate"]["refuted"] == ["samples"]
    assert "NotCertified" in found["traceback"] and found["metrics"]["test/nats_per_dim"] > 0
    assert "NOT CERTIFIED: samples" in capsys.readouterr().err


def test_certify_marks_a_finished_run_and_takes_it_back(lab, sharper, monkeypatch, capsys):
    run = lab(*LINE)
    sharper()
    lab("task=certify", f"run={run}", code=1)
    assert result(run)["status"] == "failed" and not result(run)["certificate"]["holds"]
    monkeypatch.undo()
    monkeypatch.chdir(run.parent)
    lab("task=certify", f"run={run}")
    assert result(run)["status"] == "done" and result(run)["certificate"]["holds"]
    assert json.loads((run / "certify_2" / "certificate.json").read_text())["holds"]
    lab("task=evaluate", f"run={run}")
    assert result(run)["certificate"]["verdict"] in capsys.readouterr().out


def test_a_checkpoint_that_is_not_the_best_says_nothing_of_the_run(lab):
    run = lab(*LINE)
    lab("task=certify", f"run={run / 'checkpoints' / 'last.ckpt'}")
    assert "certificate" not in result(run)


def test_other_data_are_refused_and_fail_no_run(lab, tmp_path, capsys):
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be " * 100)
    run = lab(*SMALL["charrnn"], *QUICK, "data=text", f"data.path={text}", "data.context=8", "output=run")
    text.write_text("TO BE OR NOT TO BE, that is it? " * 100)
    lab("task=certify", f"run={run}", code=2)
    assert "the data are others now" in capsys.readouterr().err
    assert result(run)["status"] == "done" and "certificate" not in result(run)


@pytest.mark.parametrize(("status", "traceback"), [("interrupted", None), ("failed", "DivergenceError: …")])
def test_a_run_that_is_not_finished_keeps_its_status(lab, sharper, monkeypatch, status, traceback):
    run = lab(*LINE)
    Run(run).write_result(status=status, traceback=traceback)
    sharper()
    lab("task=certify", f"run={run}", code=1)
    assert result(run)["status"] == status and not result(run)["certificate"]["holds"]
    monkeypatch.undo()
    monkeypatch.chdir(run.parent)
    lab("task=certify", f"run={run}")
    assert result(run)["status"] == status and result(run)["certificate"]["holds"]


def test_a_run_that_goes_on_loses_the_certificate_of_its_earlier_weights(lab):
    run = lab(*LINE, "task.certify=true")
    lab("task=train", f"run={run}", "trainer.max_steps=4", "task.certify=false")
    assert result(run)["steps"] == 4 and "certificate" not in result(run)


def test_a_checkpoint_by_its_path_does_not_show_the_certificate_of_the_best(lab, capsys):
    run = lab(*LINE, "task.certify=true")
    capsys.readouterr()
    lab("task=evaluate", f"run={run / 'checkpoints' / 'last.ckpt'}")
    assert "not certified" in capsys.readouterr().out
