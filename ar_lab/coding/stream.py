"""Chunks: symbols and their frequencies through a range coder, with what shows whether both sides had the same ones.

The coder is constriction's (Bamler, 2022, Understanding Entropy Coding With Asymmetric Numeral Systems), which rounds
the frequencies it is given to a fixed-point model of its own.
"""

from collections.abc import Sequence
from io import BufferedIOBase
from typing import NamedTuple
from zlib import crc32

import constriction
import numpy as np
from jaxtyping import Float64, Integer, Shaped

from ar_lab.errors import DataError

FLOOR = 2.0**-24  # the least probability that is coded: none is so small that its symbol has no code
CHUNK_BYTES = 2**16
CODED = constriction.stream.model.Categorical(perfect=False)

Table = Float64[np.ndarray, "*rows levels"]


class Chunk(NamedTuple):
    """So many consecutive steps in one stream of the range coder."""

    steps: int
    size: int  # bytes
    checksum: int  # CRC-32 of them
    fingerprint: int  # CRC-32 of the frequencies, in their order, by which they were coded


class ChunkWriter:
    """Codes tables of symbols, and writes a chunk out as soon as it is large enough."""

    def __init__(self, sink: BufferedIOBase, chunk_bytes: int = CHUNK_BYTES):
        self.sink, self.words = sink, chunk_bytes // 4
        self.chunks: list[Chunk] = []
        self._begin()

    def _begin(self) -> None:
        self.coder, self.steps, self.fingerprint = constriction.stream.queue.RangeEncoder(), 0, 0

    def put(self, symbols: Integer[np.ndarray, " rows"], frequencies: Table) -> None:
        """Codes a symbol a row."""
        self.fingerprint = crc32(frequencies, self.fingerprint)
        self.coder.encode(symbols.astype(np.int32), CODED, frequencies)

    def end_step(self) -> None:
        self.steps += 1
        if self.coder.num_words() >= self.words:
            self.end_chunk()

    def end_chunk(self) -> None:
        """Writes out what is coded, if anything is."""
        if not self.steps:
            return
        content = self.coder.get_compressed().astype("<u4").tobytes()
        self.sink.write(content)
        self.chunks.append(Chunk(self.steps, len(content), crc32(content), self.fingerprint))
        self._begin()


class ChunkReader:
    """Decodes what a ChunkWriter wrote, given the same frequencies."""

    def __init__(self, source: BufferedIOBase, chunks: Sequence[Chunk]):
        self.source, self.chunks, self.number, self.left = source, chunks, -1, 0

    def take(self, frequencies: Table) -> Integer[np.ndarray, " rows"]:
        """The symbol of every row.

        Raises:
            DataError: when the chunks are at their end, or a chunk is damaged.
        """
        if not self.left:
            self._open()
        self.fingerprint = crc32(frequencies, self.fingerprint)
        try:
            return self.coder.decode(CODED, frequencies)
        except AssertionError as error:  # the coder met words that no encoder leaves
            raise self._disagreement() from error

    def end_step(self) -> None:
        """Raises DataError at the end of a chunk whose frequencies were others when it was coded."""
        self.left -= 1
        if not self.left and self.fingerprint != self.chunks[self.number].fingerprint:
            raise self._disagreement()

    def _open(self) -> None:
        self.number += 1
        if self.number == len(self.chunks):
            raise DataError(f"its {len(self.chunks)} chunks hold fewer symbols than its header says")
        chunk = self.chunks[self.number]
        content = self.source.read(chunk.size)
        if len(content) % 4 or crc32(content) != chunk.checksum:
            raise DataError(f"chunk {self.number + 1} of {len(self.chunks)} is damaged: its checksum is another")
        self.coder = constriction.stream.queue.RangeDecoder(np.frombuffer(content, dtype="<u4").astype(np.uint32))
        self.left, self.fingerprint = chunk.steps, 0

    def _disagreement(self) -> DataError:
        where = f"chunk {self.number + 1} of {len(self.chunks)}"
        return DataError(
            f"{where}: the model gives other probabilities here than where the file was made (its frequencies' "
            "fingerprint differs); decode it on the machine, with the threads and versions that made it"
        )


def floored(pmf: Shaped[np.ndarray, "*rows levels"]) -> Table:
    """Frequencies that can be coded: double precision, none below 2^-24.

    Raises:
        DataError: for a pmf that is none.
    """
    frequencies = np.maximum(pmf.astype(np.float64), FLOOR)
    if not np.isfinite(frequencies).all():
        raise DataError("the model's probabilities are not finite here, so nothing can be coded by them")
    return frequencies
