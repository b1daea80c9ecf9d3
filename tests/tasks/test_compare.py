"""task=compare: the same held-out examples, or a line that says why not."""

import csv
import json
from dataclasses import replace

import pytest
import torch
from scipy.stats import ttest_rel

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.text import CharacterCodec
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError
from ar_lab.tasks.comparable import refusal
from ar_lab.tasks.compare import naming
from tests.tasks.conftest import QUICK, SMALL, result

X = torch.zeros(6, 4, dtype=torch.uint8)
IMAGES = Parts(ImageCodec((2, 2, 1), 17, 17), X, X, X, checksum="data", held_out={"test": "some"})


def complaint(two, one=IMAGES, scored=6):
    return refusal(one, [(one.test, None)], two, [(two.test[:scored], None)])


def test_three_runs_are_ranked_and_compared_two_by_two(lab, tmp_path, capfd):
    line = [*SMALL["charrnn"], *QUICK]
    for seed in range(3):
        lab(*line, f"seed={seed}", f"trainer.max_steps={1 + 8 * seed}", f"output=run{seed}")
    out = lab("task=compare", "task.runs=[run0,run1,run2]", "output=compared", "logger=csv")
    found = json.loads((out / "compare.json").read_text())
    figures = {name: result(tmp_path / name)["metrics"]["test/nats_per_dim"] for name in ("run0", "run1", "run2")}
    assert [run["name"] for run in found["runs"]] == sorted(figures, key=figures.get)
    assert {run["name"]: run["test/nats_per_dim"] for run in found["runs"]} == pytest.approx(figures)
    rows = list(csv.DictReader((out / "compare.csv").read_text().splitlines()))
    scores = {name: [float(row[name]) for row in rows] for name in figures}
    for pair in found["pairs"]:
        one, two = scores[pair["first"]], scores[pair["second"]]
        assert pair["p"] == pytest.approx(ttest_rel(one, two).pvalue, rel=1e-6)
        assert pair["difference"] == pytest.approx(figures[pair["first"]] - figures[pair["second"]], abs=1e-6)
        assert pair["first_wins"] == sum(a < b for a, b in zip(one, two, strict=True))
        assert pair["p_holm"] >= pair["p"]
    assert len(found["pairs"]) == 3 and (out / "compare.png").stat().st_size > 0
    assert len(rows) == 16 and int(rows[-1]["example"]) > 16
    assert capfd.readouterr().out.splitlines()[-1] == str(out)
    lab("task=compare", "task.runs=[run0,run1]", "output=compared", "logger=csv", code=2)
    assert "compared: not empty" in capfd.readouterr().err


@pytest.mark.slow
def test_runs_on_other_held_out_data_are_refused_by_their_names(lab, capfd):
    for seed in (0, 1):
        lab(*SMALL["charrnn"], *QUICK, f"data.split_seed={seed}", "trainer.max_steps=1", f"output=split{seed}")
    lab("task=compare", "task.runs=[split0,split1]", "logger=csv", code=2)
    error = capfd.readouterr().err
    assert "split0 and " in error and "split1 cannot be compared: their test parts are not the same" in error


def test_the_very_same_test_part_is_comparable_whatever_else_differs():
    assert complaint(replace(IMAGES, train=X[:3], digest="another")) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"held_out": {"test": "others"}}, "their test parts are not the same"),
        ({"checksum": "other data"}, "their test parts are not the same"),
        ({"held_out": {}}, "does not tell which examples"),
        ({"codec": ImageCodec((2, 2, 1), 17, 2)}, "17 levels and 2 levels: the coarser image is another variable"),
        ({"codec": ImageCodec((4, 1, 1), 17, 17)}, "examples of shape"),
        ({"codec": ImageCodec((2, 2, 1), 17, 17, ("a", "b"))}, "one is given the labels, and the other is not"),
        ({"codec": CharacterCodec("ab", True, 4)}, "one is about image, the other about characters"),
    ],
)
def test_what_differs_is_named(change, reason):
    assert reason in complaint(replace(IMAGES, **change))


def test_another_number_of_examples_is_named():
    assert "they score 6 and 5 examples of it (evaluation.examples)" in complaint(IMAGES, scored=5)


def test_names_are_the_shortest_that_tell_the_runs_apart():
    assert naming(["/a/x", "/a/y"]) == ["x", "y"]
    assert naming(["/a/x", "/b/x"]) == ["a/x", "b/x"]
    with pytest.raises(ConfigError, match="names /a/x twice"):
        naming(["/a/x", "/a/x"])
