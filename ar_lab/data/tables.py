"""Tables of real numbers: a CSV file, an .npz, or scikit-learn's breast_cancer."""

import csv
import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, Shaped
from sklearn.datasets import load_breast_cancer

from ar_lab.codecs.table import TableCodec
from ar_lab.data.arrays import read_arrays
from ar_lab.data.folds import Fold, drawn, fold_notes
from ar_lab.data.parts import Parts, Source
from ar_lab.errors import DataError


class Table(Source):
    """Rows that are independent draws of the columns, standardized by the training part's means and scales."""

    def __init__(self, *, path: str | None, validation: float, test: float, split_seed: int, fraction: float):
        self.path = None if path is None else Path(path).expanduser()
        self.shares = {"validation": validation, "test": test, "fraction": fraction, "seed": split_seed}

    def load(self, fold: Fold | None = None) -> Parts:
        columns, rows, labels = self.read()
        split = drawn(fold, len(rows), **self.shares, labels=labels)
        codec = TableCodec.fitted(rows[split.train], columns)
        coded = [codec.encode(rows[indices]) for indices in (split.train, split.validation, split.test)]
        deciding = b"" if labels is None else labels.tobytes()  # how the rows are split
        checksum = hashlib.sha256("\n".join(columns).encode() + rows.tobytes() + deciding).hexdigest()
        of_split = {"digest": split.digest, "held_out": split.held_out}
        return Parts(codec, *coded, checksum=checksum, notes=fold_notes(fold), **of_split)

    def paths(self) -> list[Path]:
        return [Path(str(files("sklearn.datasets.data") / "breast_cancer.csv")) if self.path is None else self.path]

    def read(
        self,
    ) -> tuple[tuple[str, ...], Float[np.ndarray, "count columns"], Shaped[np.ndarray, " count"] | None]:
        """Column names, rows, and labels to spread evenly over the parts where there are any."""
        if self.path is None:
            bunch = load_breast_cancer()
            return tuple(bunch.feature_names.tolist()), bunch.data, bunch.target
        try:
            columns, rows = read_npz(self.path) if self.path.suffix == ".npz" else read_csv(self.path)
        except OSError as error:
            raise DataError(f"data.path={self.path} cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path} is not UTF-8 text: save it as CSV in UTF-8") from error
        except csv.Error as error:
            raise DataError(f"{self.path} is not a readable CSV file: {error}") from error
        return columns, rows, None


def read_csv(path: Path) -> tuple[tuple[str, ...], Float[np.ndarray, "count columns"]]:
    """A header line with the names of the columns, then a line of numbers for every row.

    Raises:
        DataError: naming the line and column of what is not a finite number.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        columns = tuple(next(lines, ()))
        if not columns or all(is_number(name) for name in columns):
            raise DataError(f"{path} line 1: needs a header line with the names of the columns")
        rows = [_row(path, lines.line_num, columns, cells) for cells in lines if cells]
    if not rows:
        raise DataError(f"{path}: there are no rows under the header line")
    return columns, np.array(rows)


def _row(path: Path, line: int, columns: tuple[str, ...], cells: list[str]) -> list[float]:
    if len(cells) != len(columns):
        raise DataError(f"{path} line {line}: has {len(cells)} cells, the header names {len(columns)} columns")
    for name, cell in zip(columns, cells, strict=True):
        if not is_number(cell):
            raise DataError(f"{path} line {line}, column {name!r}: {cell!r} is not a finite number; drop or impute it")
    return [float(cell) for cell in cells]


def is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def read_npz(path: Path) -> tuple[tuple[str, ...], Float[np.ndarray, "count columns"]]:
    """`rows`, and `columns` with their names (else x0, x1, …).

    Raises:
        DataError: for missing or misshapen `rows`, naming row and column of what is not finite.
    """
    arrays = read_arrays(path, {"rows": "numbers", "columns": "fixed-width text"})
    rows = arrays["rows"]
    if not rows.size:
        raise DataError(f"{path} is empty: `rows` is of shape {rows.shape}")
    columns = arrays.get("columns", np.array([f"x{i}" for i in range(rows.shape[1] if rows.ndim == 2 else 0)]))
    if rows.ndim != 2 or rows.dtype.kind not in "iuf" or columns.shape != rows.shape[1:]:
        raise DataError(
            f"{path}: `rows` is {rows.dtype} of shape {rows.shape}, `columns` of shape {columns.shape}: "
            "needs real numbers (rows, columns) and one name a column"
        )
    return tuple(columns.astype(str).tolist()), _finite(path, columns, rows.astype(np.float64))


def _finite(
    path: Path, columns: Shaped[np.ndarray, " columns"], rows: Float[np.ndarray, "count columns"]
) -> Float[np.ndarray, "count columns"]:
    bad: Int[np.ndarray, "bad 2"] = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise DataError(f"{path} row {row}, column {str(columns[column])!r}: {rows[row, column]} is not finite")
    return rows
