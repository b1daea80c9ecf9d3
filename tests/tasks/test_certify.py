"""task=certify and the certificate that training ends with."""

import json

import pytest

from ar_lab.likelihoods.categorical import CategoricalConditional
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
