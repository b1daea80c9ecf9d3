"""How symbols are coded by a conditional: levels by its pmf, numbers of a stated precision by its CDF."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from jaxtyping import Float64, Int64, Integer, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.codecs.table import TableCodec
from ar_lab.coding.contents import Grid
from ar_lab.coding.stream import ChunkReader, ChunkWriter, floored
from ar_lab.likelihoods.base import Conditional, ContinuousConditional

DIGIT = 256  # the base in which numbers are coded, the highest digit first
TINY = 1e-12  # a mass below it is a difference of numbers too near one another: the density tells more


Column = int | Integer[np.ndarray, " places"]


class Alphabet(ABC):
    """Codes one dimension of some rows; `column` is its number, and conditionals are of shape `(rows, 1)`."""

    @abstractmethod
    def encode(
        self, writer: ChunkWriter, conditional: Conditional, symbols: Integer[np.ndarray, " rows"], column: int
    ) -> None:
        """Codes a symbol a row."""

    @abstractmethod
    def decode(
        self, reader: ChunkReader, conditional: Conditional, rows: int, column: int
    ) -> Integer[np.ndarray, " rows"]:
        """The symbol of every row."""

    @abstractmethod
    def values(self, symbols: Integer[np.ndarray, "rows places"], column: Column) -> Shaped[Tensor, "rows places"]:
        """What the network takes for them."""

    @abstractmethod
    def nats(
        self, conditional: Conditional, symbols: Integer[np.ndarray, "rows places"], column: Column
    ) -> Float64[Tensor, "rows places"]:
        """-log p of symbols, their ideal length; of several columns, `column` has the number of each place."""


class Levels(Alphabet):
    """Symbols that are the levels of a discrete space."""

    def __init__(self, device: torch.device):
        self.device = device

    def encode(
        self, writer: ChunkWriter, conditional: Conditional, symbols: Integer[np.ndarray, " rows"], column: int
    ) -> None:
        writer.put(symbols, _pmf(conditional))

    def decode(
        self, reader: ChunkReader, conditional: Conditional, rows: int, column: int
    ) -> Integer[np.ndarray, " rows"]:
        return reader.take(_pmf(conditional))

    def values(self, symbols: Integer[np.ndarray, "rows places"], column: Column) -> Int64[Tensor, "rows places"]:
        return torch.from_numpy(symbols.astype(np.int64))

    def nats(
        self, conditional: Conditional, symbols: Integer[np.ndarray, "rows places"], column: Column
    ) -> Float64[Tensor, "rows places"]:
        return -conditional.log_prob(self.values(symbols, column).to(self.device)).double().cpu()


def _pmf(conditional: Conditional) -> Float64[np.ndarray, "rows levels"]:
    return floored(conditional.pmf().squeeze(1).double().cpu().numpy())


class Cells(Alphabet):
    """Integers k for the numbers k * step of a table's columns: p(k) = F((k + 1/2) step) - F((k - 1/2) step).

    Their digits are coded one after another, each given those above it, between a least and a greatest k a column.
    """

    def __init__(self, codec: TableCodec, grid: Grid, device: torch.device):
        self.grid, self.device = grid, device
        self.step, self.mean, self.scale = (np.array(part) for part in (grid.steps, codec.mean, codec.scale))

    def encode(
        self, writer: ChunkWriter, conditional: Conditional, symbols: Integer[np.ndarray, " rows"], column: int
    ) -> None:
        begin = np.full(len(symbols), self.grid.low[column])
        for width in self._widths(column):
            digits = (symbols - begin) // width
            writer.put(digits, self._frequencies(conditional, begin, width, column))
            begin = begin + digits * width

    def decode(
        self, reader: ChunkReader, conditional: Conditional, rows: int, column: int
    ) -> Int64[np.ndarray, " rows"]:
        begin = np.full(rows, self.grid.low[column])
        for width in self._widths(column):
            begin = begin + reader.take(self._frequencies(conditional, begin, width, column)) * width
        return begin

    def values(self, symbols: Integer[np.ndarray, "rows places"], column: Column) -> Shaped[Tensor, "rows places"]:
        return self._standardized(symbols, column).float()

    def nats(
        self, conditional: ContinuousConditional, symbols: Integer[np.ndarray, "rows places"], column: Column
    ) -> Float64[Tensor, "rows places"]:
        below, up_to = (conditional.cdf(self._standardized(symbols + side, column)) for side in (-0.5, 0.5))
        mass, width = up_to - below, torch.from_numpy(np.log(self.step / self.scale)[column] * np.ones(symbols.shape))
        density = conditional.log_prob(self.values(symbols, column).to(self.device)).double() + width.to(self.device)
        return -torch.where(mass > TINY, mass.clamp_min(TINY).log(), density).cpu()

    def _widths(self, column: int) -> list[int]:
        """How many integers share a digit, highest digit first; none where there is one integer alone."""
        count, widths = self.grid.high[column] - self.grid.low[column] + 1, []
        while DIGIT ** len(widths) < count:
            widths.insert(0, DIGIT ** len(widths))
        return widths

    def _standardized(self, k: Shaped[np.ndarray, "rows places"], column: Column) -> Float64[Tensor, "rows places"]:
        z = (k * self.step[column] - self.mean[column]) / self.scale[column]
        return torch.from_numpy(z).to(self.device)

    def _frequencies(
        self, conditional: ContinuousConditional, begin: Int64[np.ndarray, " rows"], width: int, column: int
    ) -> Float64[np.ndarray, "rows digits"]:
        """Of the digits of one place given those above it, which are nothing beyond the greatest integer."""
        starts = begin[:, None] + np.arange(DIGIT + 1) * width
        edges = self._standardized(np.minimum(starts, self.grid.high[column] + 1) - 0.5, column)
        mass = conditional.cdf(edges).diff(dim=1).clamp_min(0).cpu().numpy()
        total = mass.sum(1, keepdims=True)
        return floored(np.divide(mass, total, out=np.zeros_like(mass), where=total > 0))


def alphabet_for(codec: Codec, extra: bytes, device: torch.device) -> Alphabet:
    """The alphabet of what a codec codes, with the side information of a file's contents."""
    return (
        Cells(codec, Grid.from_bytes(extra, len(codec.columns)), device)
        if isinstance(codec, TableCodec)
        else Levels(device)
    )
