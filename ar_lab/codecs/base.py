"""What a codec is: raw objects to coded examples and back, and the nats that the code leaves out."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ar_lab.space import Space


class Codec(ABC):
    """Maps raw objects to `x` of a space and back; exactly invertible, or its docstring says what it loses.

    What a codec knows (a vocabulary, means and scales) is fitted on the training part alone.
    """

    kind: ClassVar[str]  # names the class in a checkpoint
    space: Space

    @abstractmethod
    def encode(self, raw: Any) -> Shaped[Tensor, "..."]:
        """Raw objects as code: `(examples, dims)`, or `(length,)` for a stream of text."""

    @abstractmethod
    def decode(self, x: Shaped[Tensor, "..."]) -> Any:
        """The raw objects of a code."""

    def charge(self, x: Shaped[Tensor, "*batch dims"]) -> Float[Tensor, "*batch dims"]:
        """Nats a dimension that -log p(x) leaves out of the raw object's: -log p(raw) = -log p(x) + charge."""
        return torch.zeros(x.shape, device=x.device)

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain containers that `codecs.from_dict` turns back into an equal codec."""

    @classmethod
    @abstractmethod
    def from_dict(cls, state: dict[str, Any]) -> "Codec":
        """The codec that `to_dict` described."""
