"""Tables of real numbers: a CSV file, an .npz, or scikit-learn's breast_cancer."""

import csv
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, Shaped
from sklearn.datasets import load_breast_cancer

from ar_lab.codecs.table import TableCodec
from ar_lab.data.arrays import read_arrays
from ar_lab.data.folds import Fold, drawn, fold_notes
from ar_lab.data.only import Only, having, only_notes
from ar_lab.data.parts import Parts, Source
from ar_lab.errors import ConfigError, DataError, did_you_mean

# Names of the columns, rows, and labels to spread evenly over the parts where there are any.
Rows = tuple[tuple[str, ...], Float[np.ndarray, "count columns"], Shaped[np.ndarray, " count"] | None]


class Table(Source):
    """Rows that are independent draws of the columns, standardized by the training part's means and scales.

    The column `label` is no variable: its values spread evenly over the parts, and `only` names those that are kept.
    """

    def __init__(
        self,
        *,
        path: str | None,
        validation: float,
        test: float,
        split_seed: int,
        fraction: float,
        label: str | None = None,
        only: Only = None,
    ):
        self.path = None if path is None else Path(path).expanduser()
        self.label, self.only = label, only
        if path is None and label is not None:
            raise ConfigError(f"data.label={label}: breast_cancer has its labels already; leave it out, or give a path")
        self.shares = {"validation": validation, "test": test, "fraction": fraction, "seed": split_seed}

    def load(self, fold: Fold | None = None) -> Parts:
        columns, rows, labels = self.having(True)
        split = drawn(fold, len(rows), **self.shares, labels=labels)
        codec = TableCodec.fitted(rows[split.train], columns)
        coded = [codec.encode(rows[indices]) for indices in (split.train, split.validation, split.test)]
        deciding = b"" if labels is None else labels.tobytes()  # how the rows are split
        checksum = hashlib.sha256("\n".join(columns).encode() + rows.tobytes() + deciding).hexdigest()
        notes = [*fold_notes(fold), *only_notes(self.only)]
        of_split = {"digest": split.digest, "held_out": split.held_out}
        return Parts(codec, *coded, checksum=checksum, notes=notes, **of_split)

    def paths(self) -> list[Path]:
        return [Path(str(files("sklearn.datasets.data") / "breast_cancer.csv")) if self.path is None else self.path]

    def having(self, kept: bool) -> Rows:
        """What `read` gives of the labels in `only`, or of all others."""
        columns, rows, labels = self.read()
        if self.only is None:
            return columns, rows, labels
        names = load_breast_cancer().target_names.tolist() if self.path is None else ()
        where = f"{self.path} without data.label" if self.label is None and self.path else "this data"
        mask = having(labels, self.only, where, names) == kept
        return columns, rows[mask], labels[mask]

    def left_out(self) -> Float[np.ndarray, "count columns"]:
        return super().left_out() if self.only is None else self.having(False)[1]

    def read(self) -> Rows:
        if self.path is None:
            bunch = load_breast_cancer()
            return tuple(bunch.feature_names.tolist()), bunch.data, bunch.target
        try:
            return (read_npz if self.path.suffix == ".npz" else read_csv)(self.path, self.label)
        except OSError as error:
            raise DataError(f"data.path={self.path} cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path} is not UTF-8 text: save it as CSV in UTF-8") from error
        except csv.Error as error:
            raise DataError(f"{self.path} is not a readable CSV file: {error}") from error


def read_csv(path: Path, label: str | None = None) -> Rows:
    """A header line with the names of the columns, then a line of numbers, and any label, for every row.

    Raises:
        ConfigError: when no column is called `label`.
        DataError: naming the line and column of what is not a finite number.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        columns = tuple(next(lines, ()))
        if not columns or all(is_number(name) for name in columns):
            raise DataError(f"{path} line 1: needs a header line with the names of the columns")
        place = _place(path, label, columns)
        rows = [_row(path, lines.line_num, columns, cells, place) for cells in lines if cells]
    if not rows:
        raise DataError(f"{path}: there are no rows under the header line")
    numbers, labels = np.array([row for row, _ in rows]), np.array([given for _, given in rows])
    return _without(columns, place), numbers, None if place is None else labels


def _place(path: Path, label: str | None, columns: tuple[str, ...]) -> int | None:
    """Where the column of the labels stands."""
    if label is None:
        return None
    if label not in columns:
        raise ConfigError(f"data.label={label}: no such column in {path}{did_you_mean(label, columns)}")
    return columns.index(label)


def _without(cells: Sequence[str], place: int | None) -> tuple[str, ...]:
    return tuple(cell for i, cell in enumerate(cells) if i != place)


def _row(
    path: Path, line: int, columns: tuple[str, ...], cells: list[str], place: int | None
) -> tuple[list[float], str]:
    """The numbers of a row, and the cell at `place`."""
    if len(cells) != len(columns):
        raise DataError(f"{path} line {line}: has {len(cells)} cells, the header names {len(columns)} columns")
    for i, (name, cell) in enumerate(zip(columns, cells, strict=True)):
        if i != place and not is_number(cell):
            raise DataError(f"{path} line {line}, column {name!r}: {cell!r} is not a finite number; drop or impute it")
    return [float(cell) for cell in _without(cells, place)], "" if place is None else cells[place].strip()


def is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def read_npz(path: Path, label: str | None = None) -> Rows:
    """`rows`, and `columns` with their names (else x0, x1, …), of which one may be the label.

    Raises:
        ConfigError: when no column is called `label`.
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
    names = tuple(columns.astype(str).tolist())
    rows, place = _finite(path, columns, rows.astype(np.float64)), _place(path, label, names)
    if place is None:
        return names, rows, None
    return _without(names, place), np.delete(rows, place, 1), np.array([f"{value:g}" for value in rows[:, place]])


def _finite(
    path: Path, columns: Shaped[np.ndarray, " columns"], rows: Float[np.ndarray, "count columns"]
) -> Float[np.ndarray, "count columns"]:
    bad: Int[np.ndarray, "bad 2"] = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise DataError(f"{path} row {row}, column {str(columns[column])!r}: {rows[row, column]} is not finite")
    return rows
