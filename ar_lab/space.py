"""Space: the random variables of one example and their order."""

from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Literal

Kind = Literal["sequence", "image", "vector"]


@dataclass(frozen=True)
class Space:
    """What one example is: `dims` variables in a fixed order, all with the same `levels` or all continuous.

    The order is left to right for a sequence `(length,)` and a vector `(columns,)`, and raster order with the channels
    innermost for an image `(height, width, channels)`.

    With `classes`, every example has one of so many labels, and its conditionals are given the label as well.

    Raises:
        ValueError: for a shape that does not fit the kind, or fewer than two levels.
    """

    kind: Kind
    shape: tuple[int, ...]
    levels: int | None  # None: real numbers
    classes: int | None = None  # None: not conditioned on a label

    def __post_init__(self):
        axes = 3 if self.kind == "image" else 1
        if len(self.shape) != axes or min(self.shape) < 1:
            raise ValueError(f"shape={self.shape} for kind={self.kind}: needs {axes} positive sizes")
        if self.levels is not None and self.levels < 2:
            raise ValueError(f"levels={self.levels}: a discrete variable has at least 2 levels")

    @property
    def dims(self) -> int:
        """D, the number of variables of one example."""
        return prod(self.shape)

    @property
    def discrete(self) -> bool:
        return self.levels is not None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels; a sequence or vector is an image of height 1 with one channel."""
        return self.shape if self.kind == "image" else (1, self.dims, 1)

    def span(self, start: int, stop: int) -> slice:
        """The dimensions from `start` up to `stop`.

        Raises:
            ValueError: when an example has fewer.
        """
        if stop > self.dims:
            raise ValueError(f"dimensions {start}..{stop - 1}: an example has {self.dims}, so begin again from start()")
        return slice(start, stop)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "Space":
        return cls(state["kind"], tuple(state["shape"]), state["levels"], state.get("classes"))
