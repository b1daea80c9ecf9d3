"""task=divergence on whole lines: bare, on sources of every kind, with every family; and what it refuses."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ar_lab.schema.tasks import OBJECTIVES

LINE = ["task=divergence", "logger=csv", "output=found", "task.steps=5", "task.restarts=2", "data.size=400"]
TWO = "task.objective=[reverse_kl,forward_kl]"
Lab = Callable[..., Path]


def found(directory: Path) -> dict:
    return json.loads((directory / "divergence.json").read_text())


def test_a_source_of_its_own_is_the_default(lab: Lab, capsys: pytest.CaptureFixture[str]):
    directory = lab(*LINE, TWO)
    result = found(directory)
    assert (result["data"], result["family"], result["evaluated_by"]) == ("two_modes", "gaussian", "quadrature")
    rows = rows_of(directory / "divergence.csv")
    assert [row["fit"] for row in rows] == ["forward_kl", "reverse_kl"]  # in the order of the table
    assert float(rows[0]["chi2"]) == pytest.approx(result["metrics"]["forward_kl/chi2"])
    starts = {(row["fit"], row["start"]) for row in rows_of(directory / "trajectories.csv")}
    assert len(starts) == 2 * 2
    assert (directory / "divergence.png").stat().st_size > 10_000
    assert capsys.readouterr().out.splitlines()[-1] == str(directory)


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.mark.parametrize(
    "line, family, how",
    [
        (["data=markov", "data.context=3"], "markov", "exact"),
        (
            ["data=ising", "data.height=2", "data.width=3", TWO, "task.family=model", "model=made", "model.hidden=[8]"],
            "model",
            "exact",
        ),
        (["data=ising", TWO, "task.samples=32", "task.draws=64"], "factorized", "samples of P and Q"),
        (
            ["data=ring", "task.family=factorized", "task.estimator=sampled", "task.draws=64", TWO],
            "factorized",
            "samples of P and Q",
        ),
    ],
)
def test_every_kind_of_source_is_fitted(lab: Lab, line: list[str], family: str, how: str):
    directory = lab(*LINE, *line)
    result = found(directory)
    assert (result["family"], result["evaluated_by"]) == (family, how)
    assert list(result["fits"]) == (["forward_kl", "reverse_kl"] if TWO in line else list(OBJECTIVES))
    assert (directory / "samples.png").exists() == (result["data"] == "ising")
    assert ("forward_kl/js_se" in result["metrics"]) == (how == "samples of P and Q")


@pytest.mark.parametrize(
    "line, complaint",
    [
        (["data=digits"], "use data=markov"),
        (["data=markov", "task.family=gaussian"], "task.family=gaussian: needs real numbers"),
        (["task.family=markov"], "task.family=markov: needs levels"),
        (["data=markov", "data.context=16", "task.order=20"], "task.order=20: makes tables of"),
        (["data=ising", "task.estimator=exact"], "task.estimator=exact: 2^36 examples"),
        (["task.objective=kl"], "must be all, or one or a list of forward_kl"),
        (["data=markov", "data.context=3", "task.family=model", "model=ngram"], "nothing to learn by gradients"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(
    lab: Lab, line: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
):
    lab(*(word for word in LINE if word != "data.size=400" or line != ["data=digits"]), *line, code=2)
    assert complaint in capsys.readouterr().err
    assert not Path("found").exists()
