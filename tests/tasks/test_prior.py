"""Runs with model.prior=ngram: from the first step as good as the n-gram, and whole in their directory."""

import pytest

from tests.tasks.conftest import QUICK, SMALL, result

TEXT = ["data=pydocs", "data.fraction=0.1", "data.context=32", "model.prior=ngram", "trainer.max_steps=3", *QUICK]


@pytest.mark.parametrize(("model", "stream"), [("charrnn", "true"), ("charrnn", "false"), ("transformer", "false")])
def test_it_trains_from_the_ngram_and_is_scored_again_alike(lab, model, stream):
    run = lab(*SMALL[model], *TEXT, f"data.stream={stream}")
    metrics = result(run)["metrics"]
    assert metrics["test/nats_per_dim"] == pytest.approx(metrics["ngram/nats_per_dim"], abs=0.2)
    lab("task=evaluate", f"run={run}")
    assert result(run / "evaluate")["metrics"].items() >= metrics.items()


def test_images_are_refused_in_one_line(lab, capfd):
    lab(*SMALL["charrnn"], "model.prior=ngram", code=2)
    error = capfd.readouterr().err.strip()
    assert "model.prior=ngram: needs text, data=digits is not" in error and "\n" not in error
