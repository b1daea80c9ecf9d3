"""data.only: what has another label is in no part, and is at hand as outliers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

from ar_lab.data.folds import Fold
from ar_lab.data.images import Digits, FashionMNIST, ImageFiles
from ar_lab.data.only import having
from ar_lab.data.tables import Table
from ar_lab.errors import ConfigError

SHARES = {"validation": 0.1, "test": 0.2, "split_seed": 0, "fraction": 1.0}
CSV = "size,kind,weight\n" + "".join(f"{i},{'good' if i % 3 else 'bad'},{i * i % 17}\n" for i in range(60))


def everything(parts) -> torch.Tensor:
    return torch.cat([parts.train, parts.validation, parts.test])


def in_csv(tmp_path: Path, **options) -> Table:
    (tmp_path / "table.csv").write_text(CSV)
    return Table(path=str(tmp_path / "table.csv"), **SHARES, **options)


def unlabeled(tmp_path: Path) -> str:
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,4\n")
    return str(tmp_path / "table.csv")


@pytest.mark.parametrize("fold", [None, Fold(1, 4)])
def test_the_parts_of_digits_hold_the_labels_that_are_named_and_the_rest_is_left_out(fold):
    source, digits = Digits(levels=17, only=[0, 7], **SHARES), load_digits()
    parts, kept = source.load(fold), np.isin(digits.target, [0, 7])
    rows = set(map(tuple, everything(parts).tolist()))
    assert rows <= set(map(tuple, digits.data[kept].astype(int).tolist()))
    assert fold or len(everything(parts)) == kept.sum()
    left = source.left_out().reshape(-1, 64)
    assert left.tolist() == digits.data[~kept].astype(int).tolist()
    assert "data.only=[0,7]: examples with other labels are in no part" in parts.notes


@pytest.mark.parametrize("only", [["benign"], [1]])
def test_a_label_goes_by_its_name_or_its_number(only):
    source, known = Table(path=None, only=only, **SHARES), load_breast_cancer()
    parts = source.load()
    assert sum(map(len, (parts.train, parts.validation, parts.test))) == 357
    np.testing.assert_array_equal(source.left_out(), known.data[known.target == 0])


def test_the_checksum_tells_what_was_left_out():
    sums = {Digits(levels=17, only=only, **SHARES).load().checksum for only in (None, [0, 1], [0, 2])}
    assert len(sums) == 3


def test_the_label_of_a_csv_is_no_variable_and_spreads_evenly(tmp_path):
    parts = in_csv(tmp_path, label="kind").load()
    assert parts.codec.columns == ("size", "weight")
    sizes = parts.codec.decode(parts.test)[:, 0].round().astype(int)
    assert sum(size % 3 == 0 for size in sizes) == len(sizes) // 3
    assert sorted(in_csv(tmp_path, label="kind", only=["bad"]).left_out()[:, 0]) == [i for i in range(60) if i % 3]


def test_the_label_of_an_npz_is_one_of_its_columns(tmp_path):
    rows = np.array([[i, i % 2, i * i % 17] for i in range(40)], dtype=float)
    np.savez(tmp_path / "t.npz", rows=rows, columns=["a", "b", "c"])
    source = Table(path=str(tmp_path / "t.npz"), label="b", only=[1], **SHARES)
    assert source.load().codec.columns == ("a", "c")
    np.testing.assert_array_equal(source.left_out(), rows[::2][:, [0, 2]])


def test_the_labels_of_a_folder_are_its_subfolders(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(5):
            picture = np.full((2, 2), number + 100 * (name == "dog"), np.uint8)
            Image.fromarray(picture).save(tmp_path / name / f"{number}.png")
    source = ImageFiles(path=str(tmp_path), levels=256, only=["dog"], **SHARES)
    assert everything(source.load()).min() >= 100
    assert source.left_out().max() < 100


def test_published_sets_leave_out_of_their_own_test_part(shared_data, tmp_path):
    options = {"root": str(shared_data), "cache": str(tmp_path), "levels": 256, "validation": 0.1, "split_seed": 0}
    source = FashionMNIST(only=["Bag", 9], fraction=0.1, **options)
    assert len(source.load().test) == 2000
    assert len(source.left_out()) == 8000


@pytest.mark.parametrize(
    ("labels", "only", "message"),
    [
        (None, [1], r"data.only=\[1\]: here has no labels; use null"),
        (np.array([0, 1]), ["benigm"], r"no label benigm; there are 0, 1, malignant, benign; did you mean benign\?"),
        (np.array([0, 1]), ["benign", 0], r"data.only=\[benign,0\]: are all labels of here, nothing is left out"),
    ],
)
def test_labels_that_leave_nothing_or_do_not_exist_are_refused(labels, only, message):
    with pytest.raises(ConfigError, match=message):
        having(labels, only, "here", ("malignant", "benign"))


def test_a_column_that_does_not_exist_is_refused_and_so_is_one_of_the_embedded_table(tmp_path):
    with pytest.raises(ConfigError, match=r"data.label=kin: no such column in .*; did you mean kind\?"):
        in_csv(tmp_path, label="kin").load()
    with pytest.raises(ConfigError, match=r"without data.label has no labels"):
        Table(path=unlabeled(tmp_path), only=["bad"], **SHARES).load()
    with pytest.raises(ConfigError, match=r"data.label=x: breast_cancer has its labels already"):
        Table(path=None, label="x", **SHARES)
    with pytest.raises(ConfigError, match=r"data.only=null: no example is left out"):
        Table(path=None, **SHARES).left_out()
