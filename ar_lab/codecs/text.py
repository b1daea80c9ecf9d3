"""Text as a stream of characters or bytes."""

from dataclasses import asdict, dataclass
from math import log
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Integer, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.errors import DataError
from ar_lab.space import Space

SCALAR_VALUES = 0x110000 - 2048  # the characters that Unicode has room for: its code points less the surrogates
REPLACEMENT = "\ufffd"  # how Unicode shows a character that cannot be shown


def code_points(text: str) -> Integer[np.ndarray, " length"]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


@dataclass(frozen=True)
class CharacterCodec(Codec):
    """The index of every character in the alphabet of the training part.

    A character outside it becomes one more level, `unknown`, and reads U+FFFD when decoded: that is all that is lost.
    Its code point is charged uniformly over the rest of Unicode, so that -log p(x) + charge is still the length of a
    code for the text. Without `unknown` such a character is an error, and the codec is exactly invertible.
    """

    kind: ClassVar[str] = "characters"
    alphabet: str  # distinct characters, sorted
    unknown: bool
    context: int  # characters in an example

    @classmethod
    def fitted(cls, text: str, unknown: bool, context: int) -> "CharacterCodec":
        """The codec whose alphabet is the characters of `text`, the training part.

        Raises:
            DataError: when they are all the same, and nothing is left to predict, with `unknown` or without.
        """
        alphabet = "".join(sorted(set(text)))
        if len(alphabet) < 2:
            raise DataError(f"the {len(text):,} training characters are all {alphabet!r}: there is nothing to predict")
        return cls(alphabet, unknown, context)

    @property
    def space(self) -> Space:
        return Space("sequence", (self.context,), len(self.alphabet) + self.unknown)

    def encode(self, raw: str) -> Integer[Tensor, " length"]:
        """Raises DataError, without `unknown`, for characters outside the alphabet."""
        known, points = code_points(self.alphabet), code_points(raw)
        index = np.searchsorted(known, points)
        unseen = np.append(known, -1)[index] != points
        if unseen.any() and not self.unknown:
            self._refuse(raw, unseen)
        index[unseen] = len(self.alphabet)
        return torch.from_numpy(index.astype(np.uint8 if self.space.levels <= 256 else np.int32))

    def _refuse(self, raw: str, unseen: Shaped[np.ndarray, " length"]) -> None:
        distinct = sorted({raw[i] for i in np.flatnonzero(unseen)})
        shown = ", ".join(f"{c!r} (U+{ord(c):04X})" for c in distinct[:5]) + (", …" if len(distinct) > 5 else "")
        raise DataError(
            f"{unseen.sum():,} of {len(raw):,} characters never occur in training: {shown}; "
            "data.unknown=true codes them as one symbol, data.codec=bytes never meets one"
        )

    def decode(self, x: Integer[Tensor, "*batch length"]) -> str | list[str]:
        """The text of a stream `(length,)`, or of every example of `(count, length)`."""
        if x.ndim == 2:
            return [self.decode(row) for row in x]
        symbols = self.alphabet + REPLACEMENT
        return "".join(symbols[i] for i in x.tolist())

    def charge(self, x: Integer[Tensor, "*batch dims"]) -> Float[Tensor, "*batch dims"]:
        return log(SCALAR_VALUES - len(self.alphabet)) * (x == len(self.alphabet)).float()

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "CharacterCodec":
        return cls(state["alphabet"], state["unknown"], state["context"])


@dataclass(frozen=True)
class ByteCodec(Codec):
    """The 256 values of a byte: takes any file, never meets an unknown symbol and is exactly invertible."""

    kind: ClassVar[str] = "bytes"
    context: int  # bytes in an example

    @property
    def space(self) -> Space:
        return Space("sequence", (self.context,), 256)

    def encode(self, raw: bytes | str) -> Integer[Tensor, " length"]:
        """The bytes; a string's are its UTF-8."""
        raw = raw.encode() if isinstance(raw, str) else raw
        return torch.from_numpy(np.frombuffer(raw, dtype=np.uint8).copy())

    def decode(self, x: Integer[Tensor, "*batch length"]) -> bytes | list[bytes]:
        """The bytes of a stream `(length,)`, or of every example of `(count, length)`."""
        if x.ndim == 2:
            return [self.decode(row) for row in x]
        return x.cpu().to(torch.uint8).numpy().tobytes()

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "context": self.context}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "ByteCodec":
        return cls(state["context"])
