"""Rows of real numbers, standardized column by column."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.errors import DataError
from ar_lab.space import Space

FLOATS = np.finfo(np.float32)  # what the charge is computed in


@dataclass(frozen=True)
class TableCodec(Codec):
    """z = (raw - mean) / scale, and back; inverted up to the rounding of 32-bit floats.

    By the change of variables the density in the original units is p(raw) = p(z) / scale, hence the charge log(scale).
    """

    kind: ClassVar[str] = "table"
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    columns: tuple[str, ...]

    @classmethod
    def fitted(cls, rows: Float[np.ndarray, "count columns"], columns: tuple[str, ...]) -> "TableCodec":
        """The codec with the mean and standard deviation of `rows`, the training part.

        Raises:
            DataError: naming a column that is constant, whose density would be infinite, or one whose standard
                deviation 32-bit floats cannot hold.
        """
        for name, column in zip(columns, rows.T, strict=True):
            if (column == column[0]).all():
                raise DataError(f"column {name!r} is {column[0]:g} in every training row: leave it out of the table")
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # what comes of these is refused below
            mean, scale = rows.mean(0), rows.std(0)
        for name, deviation in zip(columns, scale, strict=True):
            if not FLOATS.tiny <= deviation <= FLOATS.max:  # nan is in no interval
                raise DataError(
                    f"column {name!r} has the standard deviation {deviation:g}: rescale it "
                    f"to between {FLOATS.tiny:.2g} and {FLOATS.max:.2g}"
                )
        return cls(tuple(mean.tolist()), tuple(scale.tolist()), columns)

    @property
    def space(self) -> Space:
        return Space("vector", (len(self.columns),), None)

    def encode(self, raw: Float[np.ndarray, "count columns"]) -> Float[Tensor, "count columns"]:
        """Raises DataError for rows with another number of columns."""
        if raw.shape[1] != len(self.columns):
            raise DataError(f"rows of {raw.shape[1]} numbers: this codec knows {len(self.columns)} columns")
        return torch.from_numpy((raw - np.array(self.mean)) / np.array(self.scale)).float()

    def decode(self, x: Float[Tensor, "count columns"]) -> Float[np.ndarray, "count columns"]:
        return x.cpu().numpy().astype(np.float64) * np.array(self.scale) + np.array(self.mean)

    def charge(self, x: Float[Tensor, "*batch columns"]) -> Float[Tensor, "*batch columns"]:
        return torch.tensor(self.scale, dtype=x.dtype, device=x.device).log().expand(x.shape)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "mean": list(self.mean), "scale": list(self.scale), "columns": list(self.columns)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "TableCodec":
        return cls(tuple(state["mean"]), tuple(state["scale"]), tuple(state["columns"]))
