"""task=score: every kind of data gets every score that it can have, figures of each, and what shows them."""

import csv
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.tasks.conftest import QUICK, SMALL, result

IMAGE = ["likelihood", "typicality", "complexity_png", "complexity_zlib", "complexity_xz"]
TEXT = ["likelihood", "typicality", "complexity_zlib", "complexity_xz"]
LINE = [*QUICK, "trainer.max_steps=2"]
SCORE = ["task=score", "task.examples=24", "task.groups=[2]"]
TEXTS = [*SMALL["charrnn"], "data=text", "data.path=a.txt", "data.context=16"]


@pytest.fixture
def files(tmp_path):
    """Data of every kind, and outliers."""
    rng = np.random.default_rng(0)
    (tmp_path / "a.txt").write_text("to be or not to be, that is the question <é>\n" * 100)
    (tmp_path / "b.txt").write_text("the quality of mercy & <b>\n" * 30)
    color = rng.integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)
    np.savez(tmp_path / "color.npz", images=color)
    np.savez(tmp_path / "dark.npz", images=color[:12] // 4)
    np.savez(tmp_path / "other.npz", images=rng.integers(0, 17, (12, 8, 8), dtype=np.uint8))
    np.savez(tmp_path / "rows.npz", rows=rng.normal(size=(60, 2)), columns=np.array(["a", "b"]))
    np.savez(tmp_path / "far.npz", rows=5 + rng.normal(size=(9, 3)), columns=np.array(["c", "b", "a"]))


KINDS = {
    "image": (SMALL["pixelcnn"], "other.npz", IMAGE, ["constant", "noise"]),
    "table": ([*SMALL["charrnn"], "data=table", "data.path=rows.npz"], "far.npz", IMAGE[:2], ["noise", "shuffled"]),
}
SLOW = {
    "color": (
        [*SMALL["pixelcnn"], "data=image_files", "data.path=color.npz"],
        "dark.npz",
        IMAGE,
        ["constant", "noise"],
    ),
    "characters": ([*TEXTS, "data.codec=characters"], "b.txt", TEXT, ["repeated", "noise"]),
    "bytes": ([*TEXTS, "data.codec=bytes"], "b.txt", TEXT, ["repeated", "noise"]),
}
CASES = [*KINDS, *(pytest.param(kind, marks=pytest.mark.slow) for kind in SLOW)]


@pytest.mark.parametrize("kind", CASES)
def test_every_kind_of_data_is_scored_against_a_file_and_null_datasets(lab, files, capfd, kind):
    line, outliers, names, nulls = (KINDS | SLOW)[kind]
    run = lab(*line, *LINE)
    lab(*SCORE, f"run={run}", f"task.outliers={outliers}")
    out = capfd.readouterr().out.rstrip().splitlines()
    assert out[-1] == str(run / "score")
    metrics = result(run / "score")["metrics"]
    for dataset in (outliers, *nulls):
        for name in (*names, "typicality_2"):
            low, high = metrics[f"score/{dataset}/{name}/auroc_ci95"]
            assert 0 <= low <= metrics[f"score/{dataset}/{name}/auroc"] <= high <= 1
    pictures = {"histograms.png", "roc.png", "result.json", "scores.csv"}
    shown = {"gallery.png", "maps.png"} if kind in ("image", "color") else {"extremes.html"}
    assert {path.name for path in (run / "score").iterdir()} == pictures | shown
    check_scores(run / "score", metrics, names, outliers)


def check_scores(directory, metrics, names, outliers):
    """The figures are those of the scores that were written."""
    rows = list(csv.DictReader((directory / "scores.csv").read_text().splitlines()))
    of = {name: [row for row in rows if row["dataset"] == name] for name in ("test", outliers)}
    for name in names:
        both = [[float(row[name]) for row in of[dataset]] for dataset in of]
        labels = np.repeat([0, 1], [len(scores) for scores in both])
        assert metrics[f"score/{outliers}/{name}/auroc"] == pytest.approx(
            roc_auc_score(labels, [*both[0], *both[1]]), abs=1e-9
        )
    assert len({row["index"] for row in of["test"]}) == len(of["test"]) == metrics["score/test/examples"]


def test_the_other_run_gives_the_ratio_and_the_page_is_escaped(lab, files):
    run = lab(*TEXTS, *LINE)
    lab(*SCORE, f"run={run}", f"task.background={run}", f"task.local={run}", "task.outliers=b.txt")
    rows = csv.DictReader((run / "score/scores.csv").read_text().splitlines())
    assert {(float(row["ratio"]), float(row["local"])) for row in rows} == {(0.0, 0.0)}  # of a run against itself
    page = re.sub(r"<span[^>]*>|</span>", "", (run / "score/extremes.html").read_text())
    assert "<b>" not in page and "&lt;" in page


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (["task.outliers=digit"], 2, "no data config and no file; did you mean digits?"),
        (["task.outliers=pydocs"], 2, "task.outliers=pydocs: text, the run's are images"),
        (
            ["task.outliers=color.npz"],
            2,
            "images of shape (4, 4, 3) (height, width, channels), the run's are (8, 8, 1)",
        ),
        (["task.outliers=a.txt"], 2, "the run's data are images"),
        (["task.outliers=text"], 2, "says not which file"),
        (["task.outliers=two_modes"], 2, "two_modes: rows of a table, the run's are images"),
        (["task.outliers=others"], 2, "leave no label out"),
        (["task.outliers=[other.npz,other.npz]"], 2, "two datasets are called other.npz"),
        (["task.outliers=broken.npz"], 1, "not a readable .npz"),
        (["task.background=nowhere"], 2, "task.background="),
    ],
)
def test_outliers_that_are_none_are_refused_in_one_line(trained, files, tmp_path, monkeypatch, capfd, line, code, told):
    from ar_lab.__main__ import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04")
    assert main([*SCORE, f"run={trained}", *line]) == code
    complaint = capfd.readouterr().err.splitlines()
    assert told in complaint[-1]
    assert not (trained / "score").exists()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from ar_lab.__main__ import main

    output = tmp_path_factory.mktemp("trained") / "digits"
    assert main([*SMALL["pixelcnn"], *LINE, f"output={output}"]) == 0
    return output


def test_a_run_on_other_data_is_no_background(lab, files, trained, capfd):
    run = lab(*SMALL["charrnn"], "data=table", "data.path=rows.npz", *LINE)
    lab(*SCORE, f"run={run}", f"task.background={trained}", code=2)
    assert "train both on the same data" in capfd.readouterr().err


def test_a_model_that_is_given_labels_has_no_scores(lab, capfd):
    run = lab(*SMALL["pixelcnn"], "data.condition=true", *LINE)
    lab(*SCORE, f"run={run}", code=2)
    assert "conditioned on labels" in capfd.readouterr().err
