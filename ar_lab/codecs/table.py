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
            DataError: naming a column that is constant, whose density would be infinite.
        """
        for name, column in zip(columns, rows.T, strict=True):
            if (column == column[0]).all():
                raise DataError(f"column {name!r} is {column[0]:g} in every training row: leave it out of the table")
        return cls(tuple(rows.mean(0).tolist()), tuple(rows.std(0).tolist()), columns)

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
