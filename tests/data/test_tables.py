"""Tables are standardized by their training part, and a bad cell is located."""

import numpy as np
import pytest

from ar_lab.data.tables import Table
from ar_lab.errors import DataError

ROWS = np.random.default_rng(0).normal([5.0, -300.0], [0.1, 20.0], (40, 2))
SPLIT = {"validation": 0.1, "test": 0.2, "split_seed": 0, "fraction": 1.0}


def csv(tmp_path, text: str) -> Table:
    (tmp_path / "table.csv").write_text(text)
    return Table(path=str(tmp_path / "table.csv"), **SPLIT)


def npz(tmp_path, **arrays) -> Table:
    np.savez(tmp_path / "table.npz", **arrays)
    return Table(path=str(tmp_path / "table.npz"), **SPLIT)


def lines(rows: np.ndarray) -> str:
    return "height,weight\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist())


def test_without_a_path_the_embedded_example_is_loaded():
    parts = Table(path=None, **SPLIT).load()
    assert parts.codec.space.shape == (30,)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (409, 46, 114)
    assert "mean radius" in parts.codec.columns


def test_labels_are_data_too(monkeypatch):
    source = Table(path=None, **SPLIT)
    before, (columns, rows, labels) = source.load(), source.read()
    monkeypatch.setattr(source, "read", lambda: (columns, rows, 1 - labels))
    assert source.load().checksum != before.checksum


def test_means_and_scales_come_from_the_training_part_alone(tmp_path):
    parts = csv(tmp_path, lines(ROWS)).load()
    np.testing.assert_allclose(parts.train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(parts.train.std(0, correction=0), 1, atol=1e-5)
    assert abs(float(parts.test.mean())) > 1e-3
    rows = np.concatenate([parts.codec.decode(x) for x in (parts.train, parts.validation, parts.test)])
    np.testing.assert_allclose(sorted(rows.tolist()), sorted(ROWS.tolist()), rtol=1e-6)
    assert parts.codec.columns == ("height", "weight")


def test_csv_and_npz_hold_the_same_table(tmp_path):
    of_csv = csv(tmp_path, lines(ROWS)).load()
    of_npz = npz(tmp_path, rows=ROWS, columns=["height", "weight"]).load()
    assert of_csv.checksum == of_npz.checksum
    assert of_csv.codec == of_npz.codec
    assert of_csv.test.equal(of_npz.test)
    assert npz(tmp_path, rows=ROWS).load().codec.columns == ("x0", "x1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,four\n", r"line 3, column 'b': 'four' is not a finite number"),
        ("a,b\n1,2\n\nnan,4\n", r"line 4, column 'a': 'nan' is not"),
        ("a,b\n1,2\n3,\n", r"line 3, column 'b': '' is not"),
        ("a,b\n1,2\n3,4,5\n", r"line 3: has 3 cells, the header names 2 columns"),
        ("1,2\n3,4\n", r"line 1: needs a header line"),
        ("", r"line 1: needs a header line"),
        ("a,b\n", r"no rows under the header"),
        ("a,b\n1,2\n1,3\n1,4\n1,5\n1,6\n1,7\n", r"column 'a' is 1 in every training row"),
    ],
)
def test_a_bad_csv_is_located(text, message, tmp_path):
    with pytest.raises(DataError, match=message):
        csv(tmp_path, text).load()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": ROWS}, r"needs an array `rows`, holds x"),
        ({"rows": 3.0}, r"`rows` is float64 of shape \(\)"),
        ({"rows": ROWS[:0]}, r"table\.npz is empty: `rows` is of shape \(0, 2\)"),
        ({"rows": ROWS.astype(object)}, r"rows are Python objects: save them as numbers"),
        ({"rows": ROWS, "columns": np.array(["a", 1], dtype=object)}, r"columns are Python .* as fixed-width text"),
        ({"rows": ROWS * 1e300}, r"column 'x0' has the standard deviation inf: rescale it"),
        ({"rows": ROWS[0]}, r"`rows` is float64 of shape \(2,\)"),
        ({"rows": ROWS.astype(str)}, r"`rows` is <U"),
        ({"rows": ROWS, "columns": ["a"]}, r"`columns` of shape \(1,\)"),
        ({"rows": np.where(np.arange(80).reshape(40, 2) == 7, np.inf, ROWS)}, r"row 3, column 'x1': inf is not finite"),
    ],
)
def test_a_bad_npz_is_located(arrays, message, tmp_path):
    with pytest.raises(DataError, match=message):
        npz(tmp_path, **arrays).load()


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for name, reason in [("gone.csv", "No such file or directory"), ("gone.npz", "No such file or directory")]:
        with pytest.raises(DataError) as caught:
            Table(path=str(tmp_path / name), **SPLIT).load()
        assert str(caught.value) == f"data.path={tmp_path / name} cannot be read: {reason}"
    with pytest.raises(DataError, match=f"^data.path={tmp_path} cannot be read: Is a directory$"):
        Table(path=str(tmp_path), **SPLIT).load()
    (tmp_path / "table.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"table\.npz is not a readable \.npz"):
        Table(path=str(tmp_path / "table.npz"), **SPLIT).load()
    (tmp_path / "table.csv").write_bytes(b"a,b\n\xff,2\n")
    with pytest.raises(DataError, match=r"table\.csv is not UTF-8 text: save it as CSV in UTF-8"):
        Table(path=str(tmp_path / "table.csv"), **SPLIT).load()


def test_a_csv_file_with_an_endless_field_is_one_line(tmp_path):
    with pytest.raises(DataError, match="not a readable CSV file"):
        csv(tmp_path, "a,b\n" + "1" * 200_000 + ",2\n").load()


def test_complex_rows_are_refused(tmp_path):
    with pytest.raises(DataError, match="needs real numbers"):
        npz(tmp_path, rows=np.ones((4, 2), dtype=complex)).load()
