"""Images as levels in raster order, channels innermost."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Integer, UInt8
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.errors import DataError
from ar_lab.space import Space


@dataclass(frozen=True)
class ImageCodec(Codec):
    """level = raw * levels // raw_levels, and back to the center of the raw values that share a level.

    Exactly invertible when levels == raw_levels. With fewer levels, what is lost is where in its bin a raw value stood;
    the likelihood is then that of the coarser image. Two levels cut at raw_levels / 2.

    Raises:
        ValueError: for levels outside 2..raw_levels, or more raw levels than a byte holds.
    """

    kind: ClassVar[str] = "image"
    shape: tuple[int, int, int]  # height, width, channels
    raw_levels: int
    levels: int
    classes: tuple[str, ...] = ()  # names of the labels that the images are conditioned on

    def __post_init__(self):
        if not 2 <= self.levels <= self.raw_levels <= 256:
            raise ValueError(
                f"levels={self.levels}, raw_levels={self.raw_levels}: needs 2 <= levels <= raw_levels <= 256"
            )

    @property
    def space(self) -> Space:
        return Space("image", self.shape, self.levels, len(self.classes) or None)

    def encode(self, raw: UInt8[np.ndarray, "count height width channels"]) -> UInt8[Tensor, "count dims"]:
        """Levels, kept as bytes since a training set may be large.

        Raises:
            DataError: for images of another shape, or values the raw levels do not include.
        """
        if raw.shape[1:] != self.shape:
            raise DataError(f"images of shape {raw.shape[1:]} (height, width, channels): this codec knows {self.shape}")
        if raw.size and raw.max() >= self.raw_levels:
            raise DataError(f"a pixel of value {raw.max()}: this codec knows 0..{self.raw_levels - 1}")
        table = np.arange(self.raw_levels) * self.levels // self.raw_levels
        return torch.from_numpy(table.astype(np.uint8)[raw].reshape(len(raw), -1))

    def decode(self, x: Integer[Tensor, "count dims"]) -> UInt8[np.ndarray, "count height width channels"]:
        edges = -(-np.arange(self.levels + 1) * self.raw_levels // self.levels)  # the least raw value of every level
        centers = ((edges[:-1] + edges[1:] - 1) // 2).astype(np.uint8)
        return centers[x.cpu().numpy()].reshape(-1, *self.shape)

    def to_dict(self) -> dict[str, Any]:
        levels = {"raw_levels": self.raw_levels, "levels": self.levels}
        return {"kind": self.kind, "shape": list(self.shape), **levels, "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "ImageCodec":
        return cls(tuple(state["shape"]), state["raw_levels"], state["levels"], tuple(state.get("classes", ())))
