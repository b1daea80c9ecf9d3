"""What a config says of its parts before they are built."""

from math import prod
from typing import Any, NamedTuple

SHAPES = {  # of ar_lab's own images
    "Digits": (8, 8, 1),
    "MNIST": (28, 28, 1),
    "BinaryMNIST": (28, 28, 1),
    "FashionMNIST": (28, 28, 1),
    "CIFAR10": (32, 32, 3),
}


class Known(NamedTuple):
    """The space of a data section, as far as it tells; None stands for what only the source knows."""

    kind: str | None  # sequence, image or vector
    real: bool | None
    levels: int | None
    dims: int | None

    @property
    def values(self) -> str | None:
        """The values of a dimension in words."""
        if self.real is None:
            return None
        if self.kind == "sequence" and self.levels != 2:
            return "many levels (text)"
        return "real numbers" if self.real else f"{self.levels} levels"


def class_of(node: dict[str, Any]) -> str:
    return node["_target_"].rpartition(".")[2]


def is_own(node: dict[str, Any]) -> bool:
    """Whether it is a part of ar_lab, and not the user's own."""
    return node["_target_"].startswith("ar_lab.")


def known(data: dict[str, Any]) -> Known:
    """What a checked data section says of its space."""
    if not is_own(data):
        return Known(None, None, None, None)
    if data["_target_"].startswith("ar_lab.data.text."):
        return Known("sequence", False, 256 if data["codec"] == "bytes" else None, data["context"])
    if class_of(data) in ("Markov", "HMM"):
        return Known("sequence", False, data["levels"], data["context"])
    if class_of(data) == "Ising":
        return Known("image", False, 2, data["height"] * data["width"])
    if class_of(data) in ("Table", "Mixture", "Ring"):
        return Known("vector", True, None, None if class_of(data) == "Table" else 2)
    shape = SHAPES.get(class_of(data))
    return Known("image", False, data.get("levels", 2), shape and prod(shape))
