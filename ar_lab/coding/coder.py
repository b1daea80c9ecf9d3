"""All symbols of a file through the chain rule: x_i coded by p(x_i | x_1 … x_{i-1}), and decoded by the same steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from math import log

import numpy as np
import torch
from jaxtyping import Float64, Integer, Shaped
from torch import Tensor

from ar_lab.coding.alphabet import Alphabet
from ar_lab.coding.layout import Batch, Layout
from ar_lab.coding.stream import CHUNK_BYTES, Chunk, ChunkReader, ChunkWriter
from ar_lab.coding.walk import Learns, Walk
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Condition

Advance = Callable[[int], None]  # told of so many symbols more


@dataclass(frozen=True)
class Coder:
    """What encoder and decoder must have in common; `learner` changes `model` after every `segment` steps.

    Raises:
        ValueError: for a stream and a network that takes the dimensions in an order of its own.
    """

    model: AutoregressiveModel
    alphabet: Alphabet
    layout: Layout
    learner: Learns | None = None
    segment: int = 0

    def __post_init__(self):
        if self.layout.dims is None and self.model.network.order is not None:
            raise ValueError("a text is coded from left to right, and this network takes it in another order")

    def encode(
        self,
        symbols: Integer[np.ndarray, " symbols"],
        sink: BufferedIOBase,
        advance: Advance,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> tuple[list[Chunk], float]:
        """Writes the code of flattened symbols; returns its chunks and the ideal length, -log p, in nats.

        Raises:
            DataError: for a model whose probabilities are not finite.
        """
        writer, nats = ChunkWriter(sink, chunk_bytes), 0.0
        for batch in self.layout.batches():
            condition, cost = self._label(writer, symbols, batch)
            nats += cost
            walk = self._walk(batch, condition)
            for step in range(batch.steps):
                live, column, places = self._at(batch, step)
                some, conditional = symbols[places], walk.ask(live)
                self.alphabet.encode(writer, conditional, some, column)
                nats += float(self.alphabet.nats(conditional, some[:, None], column).sum())
                walk.tell(self.alphabet.values(some[:, None], column).squeeze(1))
                writer.end_step()
                advance(live)
        writer.end_chunk()
        return writer.chunks, nats

    def decode(
        self, chunks: Sequence[Chunk], source: BufferedIOBase, out: Integer[np.ndarray, " symbols"], advance: Advance
    ) -> None:
        """Fills `out` with the flattened symbols.

        Raises:
            DataError: for a damaged chunk, or one that was coded by other probabilities.
        """
        reader = ChunkReader(source, chunks)
        for batch in self.layout.batches():
            walk = self._walk(batch, self._labels_read(reader, batch))
            for step in range(batch.steps):
                live, column, places = self._at(batch, step)
                some = self.alphabet.decode(reader, walk.ask(live), live, column)
                out[places] = some
                walk.tell(self.alphabet.values(some[:, None], column).squeeze(1))
                reader.end_step()
                advance(live)

    def _walk(self, batch: Batch, condition: Condition | None) -> Walk:
        segment = self.segment if self.layout.dims is None else self.layout.dims
        return Walk(self.model, len(batch.starts), condition, self.learner, segment)

    def _at(self, batch: Batch, step: int) -> tuple[int, int, Integer[np.ndarray, " live"]]:
        """The rows that have a symbol at a step, its dimension, and where their symbols are."""
        live, order = batch.live(step), self.model.network.order
        column = step if order is None else int(order[step])
        offset, column = (step, 0) if self.layout.dims is None else (column, column)
        return live, column, batch.starts[:live] + offset

    def _label(
        self, writer: ChunkWriter, symbols: Integer[np.ndarray, " symbols"], batch: Batch
    ) -> tuple[Condition | None, float]:
        """Codes for every example the label that makes it likeliest: what it costs is won back by the better guess."""
        classes = self.model.space.classes
        if classes is None:
            return None, 0.0
        rows = symbols[batch.starts[:, None] + np.arange(batch.steps)]
        x = self.alphabet.values(rows, np.arange(batch.steps))
        with torch.no_grad():
            labels = torch.stack([self._nats_given(x, label) for label in range(classes)]).argmin(0)
        writer.put(labels.numpy(), np.full((len(rows), classes), 1 / classes))
        return labels.to(self.model.network.device), len(rows) * log(classes)

    def _nats_given(self, x: Shaped[Tensor, "rows dims"], label: int) -> Float64[Tensor, " rows"]:
        condition = torch.full((len(x),), label, device=self.model.network.device)
        return -self.model.log_prob(self.model.cast(x), condition).double().cpu()

    def _labels_read(self, reader: ChunkReader, batch: Batch) -> Condition | None:
        classes = self.model.space.classes
        if classes is None:
            return None
        labels = reader.take(np.full((len(batch.starts), classes), 1 / classes))
        return torch.from_numpy(labels.astype(np.int64)).to(self.model.network.device)
