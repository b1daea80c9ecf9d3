"""Parts: what a source of data gives to training, validation and the final figure, already coded."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.data.folds import Fold
from ar_lab.distributions.base import Distribution
from ar_lab.errors import ConfigError


@dataclass(frozen=True)
class Parts:
    """Three disjoint parts and the codec fitted on the first.

    Images and vectors are `(examples, dims)`; text is one stream `(length,)` a part, which may consist of several
    stretches of the text. Levels may be stored in any integer type (uint8 for images); a batch is cast when it is
    fetched.
    """

    codec: Codec
    train: Tensor
    validation: Tensor
    test: Tensor
    checksum: str  # sha256 of the raw data, in hexadecimal
    notes: list[str] = field(default_factory=list)  # what a reader of the figures must know
    digest: str | None = None  # sha256 of which examples or characters are in which part
    held_out: dict[str, str] = field(default_factory=dict)  # validation, test -> the same of this part alone
    seams: dict[str, list[int]] = field(default_factory=dict)  # part -> where in its stream another stretch begins
    labels: dict[str, Tensor] = field(default_factory=dict)  # part -> the class of every example; {}: not conditioned
    files: dict[str, list[int] | None] | None = None  # absolute path -> size, mtime in ns; None: not known
    distribution: Distribution | None = None  # what the data were drawn from, where it is known

    @property
    def is_stream(self) -> bool:
        return self.train.ndim == 1

    @property
    def split(self) -> dict[str, Any]:
        """How many examples (of text: characters or bytes) each part has, and the digest as `hash`.

        `validation_hash` and `test_hash` are equal where a figure is over the very same examples of the same data.
        """
        sizes = {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}
        return {**sizes, "hash": self.digest, **{f"{name}_hash": self._hash(name) for name in ("validation", "test")}}

    def _hash(self, name: str) -> str | None:
        if name not in self.held_out:
            return None
        return hashlib.sha256(f"{self.checksum} {self.held_out[name]}".encode()).hexdigest()

    def subset(self, name: str, count: int | None) -> tuple[Tensor, Tensor | None]:
        """A part, or `count` of its examples that are the same every time, and their labels where there are some."""
        part, labels = getattr(self, name), self.labels.get(name)
        chosen = slice(None) if count is None else fixed_subset(part, count, self.codec.space.dims)
        return part[chosen], None if labels is None else labels[chosen]

    def stretches(self, name: str) -> list[Tensor]:
        """A part cut at its seams: no window reaches from one stretch into another."""
        return list(getattr(self, name).tensor_split(self.seams.get(name, [])))


def fixed_subset(part: Shaped[Tensor, "..."], count: int, dims: int, seed: int = 0) -> Int64[Tensor, " chosen"]:
    """Where the same `count` examples of a part lie every time: what figures on a part of the data are computed on.

    Of examples `(n, dims)`, `count` drawn without replacement, in their original order; of a stream, one contiguous run
    of count * dims symbols from a random place. The whole part when it holds no more.
    """
    generator = torch.Generator().manual_seed(seed)
    if part.ndim == 1:
        length = min(count * dims, len(part))
        begin = int(torch.randint(len(part) - length + 1, (), generator=generator))
        return torch.arange(begin, begin + length)
    return torch.randperm(len(part), generator=generator)[:count].sort().values


class Source(ABC):
    """Where raw objects come from; its constructor takes the keys of its config."""

    @abstractmethod
    def load(self, fold: Fold | None = None) -> Parts:
        """Reads, splits and codes the data; with a fold, `test` is that fold and the data's own test part is left out.

        Raises:
            DataError: with one line that names the file or directory and the remedy.
        """

    def left_out(self) -> Any:
        """The raw examples whose labels `data.only` does not name: in no part, and so outliers of all three.

        Raises:
            ConfigError: when there are none.
        """
        raise ConfigError("data.only=null: no example is left out; name the labels to keep")

    def paths(self) -> list[Path] | None:
        """The files that `load` reads, there already or yet to be fetched; None when they are not known."""
        return None
