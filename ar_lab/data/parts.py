"""Parts: what a source of data gives to training, validation and the final figure, already coded."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from torch import Tensor

from ar_lab.codecs.base import Codec


@dataclass(frozen=True)
class Parts:
    """Three disjoint parts and the codec fitted on the first.

    Images and vectors are `(examples, dims)`; text is one stream `(length,)` a part. Levels may be stored in any
    integer type (uint8 for images); a batch is cast when it is fetched.
    """

    codec: Codec
    train: Tensor
    validation: Tensor
    test: Tensor
    checksum: str  # sha256 of the raw data, in hexadecimal
    notes: list[str] = field(default_factory=list)  # what a reader of the figures must know

    @property
    def is_stream(self) -> bool:
        return self.train.ndim == 1


class Source(ABC):
    """Where raw objects come from; its constructor takes the keys of its config."""

    @abstractmethod
    def load(self) -> Parts:
        """Reads, splits and codes the data.

        Raises:
            DataError: with one line that names the file or directory and the remedy.
        """
