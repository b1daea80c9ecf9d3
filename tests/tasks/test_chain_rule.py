"""task=evaluate on every kind of data: the chain rule of one point, the other manners of scoring, the protocol."""

import csv
from math import log

import pytest
import torch

from ar_lab.data.batches import windows
from ar_lab.evaluation.scoring import score_examples, score_stream
from ar_lab.restore import restore
from ar_lab.tasks.loading import parts_of
from tests.tasks.conftest import QUICK, SMALL, result

TEXT = ["data=pydocs", "data.fraction=0.1", "data.context=16"]
DATA = {
    "labels": [*SMALL["charrnn"], "data=digits", "data.condition=true"],
    "characters": [*SMALL["transformer"], *TEXT],
    "bytes": [*SMALL["charrnn"], *TEXT, "data.codec=bytes"],
    "table": [*SMALL["charrnn"], "data=table"],
    "order": ["model=made", "model.hidden=[16]", "model.ordering=random", "data=digits", "data.levels=2"],
}
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("labels", "bytes", "order", "table")]


@pytest.mark.parametrize("data", ["characters", *SLOW])
def test_the_product_of_the_conditionals_is_the_likelihood_of_the_point(lab, data, capfd):
    run = lab(*DATA[data], *QUICK, "trainer.max_steps=2")
    more = ["task.scoring=windows"] if data in ("characters", "bytes") else []
    lab("task=evaluate", f"run={run}", "task.example=1", "task.dynamic=true", *more)
    restored = restore(run)
    model, parts = restored.model, parts_of(restored.run, restored.run.config)
    rows = written(run)
    found, printed = result(run / "evaluate"), capfd.readouterr().out
    total = sum(float(row["nats"]) for row in rows)
    assert float(rows[-1]["cumulative nats"]) == found["example"]["nats"] == pytest.approx(total)
    assert total == pytest.approx(-sum(log(float(row["p(x_i | before)"])) for row in rows))
    assert len(rows) == model.space.dims and f"exp(-{total:.4f})" in printed
    if parts.is_stream:
        nll = score_stream(model, parts.codec, parts.stretches("test")[0][:32], None, 1)
        assert total == pytest.approx(float(nll[16:].double().sum()))
    else:
        x, label = parts.test[1:2], parts.labels["test"][1:2] if parts.labels else None
        whole = model.log_prob(model.cast(x), label) - parts.codec.charge(model.cast(x)).sum()
        assert total == pytest.approx(-float(whole), rel=1e-5)
    if model.network.order is not None:
        places = [8 * int(row["row"]) + int(row["column"]) for row in rows]
        assert places == model.network.order.tolist() != sorted(places)
    checked_manners(found["metrics"], found["protocol"], model, parts)


def written(run):
    """The rows of chain_rule.csv."""
    return list(csv.DictReader((run / "evaluate/chain_rule.csv").read_text(encoding="utf-8").splitlines()))


def checked_manners(metrics, protocol, model, parts):
    scored = metrics[f"test/{parts.codec.kind if parts.is_stream else 'examples'}"]
    assert protocol["examples"]["test"] == {"scored": scored, "whole": False}
    assert protocol["split"] == parts.split and protocol["data_checksum"] == parts.checksum
    assert metrics["dynamic/nats_per_dim"] <= metrics["test/nats_per_dim"] + 1e-6  # next to nothing was learned before
    if not parts.is_stream:
        low, high = metrics["test/nats_per_dim_ci95"]
        assert low < metrics["test/nats_per_dim"] < high
        return
    manner = (16, None, "carried") if model.network.carries else (16, 8, 8)
    assert (protocol["window"], protocol["stride"], protocol["context"]) == manner
    longest = max(parts.stretches("test"), key=len)
    begin = int(torch.randint(len(longest) - 255, (), generator=torch.Generator().manual_seed(0)))
    nll = score_examples(model, parts.codec, windows(longest[begin : begin + 256], 16), 256)
    assert metrics["windows/nats_per_dim"] == pytest.approx(float(nll.double().mean()), rel=1e-6)


def test_what_the_data_or_the_model_do_not_have_is_one_line(lab, capfd):
    run = lab("model=ngram", *TEXT, *QUICK)
    lab("task=evaluate", f"run={run}", "task.dynamic=true", code=2)
    assert "this model has no parameters" in capfd.readouterr().err
    lab("task=evaluate", f"run={run}", "task.example=999999", code=2)
    assert "task.example=999999: the test part has 2,912 windows of 16, so use 0..2911" in capfd.readouterr().err
    assert not (run / "evaluate").exists()
    lab("task=evaluate", "data=digits", "task.scoring=windows", code=2)
    assert "task.scoring=windows: needs text, data=digits is not" in capfd.readouterr().err


@pytest.mark.slow
def test_the_csv_says_where_a_pixel_stands(lab):
    run = lab(*SMALL["pixelcnn"], *QUICK, "trainer.max_steps=1")
    lab("task=evaluate", f"run={run}", "task.example=0")
    rows = written(run)
    parts = parts_of(restore(run).run, restore(run).run.config)
    pixels = parts.codec.decode(parts.test[:1])[0]
    assert [row["raw"] for row in rows] == [str(pixels[int(r["row"]), int(r["column"]), 0]) for r in rows]
