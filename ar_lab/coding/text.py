"""Any bytes as a stream of a text's codec: what the alphabet lacks is escaped."""

import codecs
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, Integer

from ar_lab.codecs.base import Codec
from ar_lab.codecs.text import CharacterCodec, code_points
from ar_lab.coding.container import pieces
from ar_lab.coding.fields import LONGEST, varint
from ar_lab.errors import DataError

SYMBOLS = 2**20  # symbols that are turned into bytes at a time


class Escaped(NamedTuple):
    """How many symbols were written, and how those that the alphabet lacks are had again."""

    symbols: int
    extra: bytes
    escapes: int


class TextEncoder:
    """Bytes as levels, piece by piece, so that no file is too long.

    Bytes that are no UTF-8 are read as the code points U+DC80 to U+DCFF that stand for them (PEP 383). What the
    alphabet lacks is the codec's unknown level, if it has one; its code point goes into `extra`, and without such a
    level the number of symbols since the last one as well.
    """

    def __init__(self, codec: CharacterCodec):
        self.codec, self.known = codec, code_points(codec.alphabet)
        self.filler = max(codec.alphabet.find(" "), 0)  # a likely character, so that it costs few bits
        self.decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        self.symbols, self.escapes, self.last, self.extra = 0, 0, 0, b""

    def piece(self, content: bytes, final: bool = False) -> Integer[np.ndarray, " length"]:
        text = self.decoder.decode(content, final)
        points = code_points(text)
        index = np.searchsorted(self.known, points)
        unseen = np.flatnonzero(np.append(self.known, -1)[index] != points)
        index[unseen] = len(self.known) if self.codec.unknown else self.filler
        self._escape(unseen + self.symbols, points[unseen])
        self.symbols += len(points)
        return index.astype(np.uint8 if self.codec.space.levels <= 256 else np.int32)

    def _escape(self, places: Int64[np.ndarray, " escapes"], points: Int64[np.ndarray, " escapes"]) -> None:
        for place, point in zip(places.tolist(), points.tolist(), strict=True):
            gap = b"" if self.codec.unknown else varint(place - self.last)
            self.extra += self.deflate.compress(gap + varint(point))
            self.last = place
        self.escapes += len(places)

    def escaped(self) -> Escaped:
        """What is left to know once the last piece is through."""
        extra = self.extra + self.deflate.flush() if self.escapes else b""
        return Escaped(self.symbols, extra, self.escapes)


def encode_text(source: BufferedIOBase, codec: Codec, sink: BufferedIOBase) -> Escaped:
    """Writes the levels of a file's bytes, of as many bytes each as `codec.encode` gives them."""
    if not isinstance(codec, CharacterCodec):
        return Escaped(sum(sink.write(piece) for piece in pieces(source)), b"", 0)
    encoder = TextEncoder(codec)
    for piece in pieces(source):
        sink.write(encoder.piece(piece).tobytes())
    sink.write(encoder.piece(b"", final=True).tobytes())
    return encoder.escaped()


def decode_text(symbols: Integer[np.ndarray, " length"], extra: bytes, codec: Codec) -> Iterator[bytes]:
    """The bytes that `encode_text` read, piece by piece.

    Raises:
        DataError: for escapes that do not belong to the symbols.
    """
    if not isinstance(codec, CharacterCodec):
        yield from (part.astype(np.uint8).tobytes() for part in _parts(symbols))
        return
    known = np.append(code_points(codec.alphabet), 0)
    places, points = _escapes(symbols, extra, codec)
    begin = 0
    for part in _parts(symbols):
        there = slice(*np.searchsorted(places, (begin, begin + len(part))))
        found = known[part]
        found[places[there] - begin] = points[there]
        begin += len(part)
        try:
            yield found.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass").encode("utf-8", "surrogateescape")
        except UnicodeError as error:
            raise DataError("its escapes hold what is no character") from error


def _parts(symbols: Integer[np.ndarray, " length"]) -> Iterator[Integer[np.ndarray, " part"]]:
    return (symbols[begin : begin + SYMBOLS] for begin in range(0, len(symbols), SYMBOLS))


def _escapes(
    symbols: Integer[np.ndarray, " length"], extra: bytes, codec: CharacterCodec
) -> tuple[Int64[np.ndarray, " escapes"], Int64[np.ndarray, " escapes"]]:
    """Where the escaped characters stand, and their code points."""
    numbers = np.array(_varints(extra, len(symbols)), dtype=np.int64)
    if codec.unknown:
        places = [np.flatnonzero(part == len(codec.alphabet)) for part in _parts(symbols)]
        places = np.concatenate([p + k * SYMBOLS for k, p in enumerate(places)]) if places else numbers[:0]
        points = numbers
    else:
        places, points = numbers[::2].cumsum(), numbers[1::2]
    ascending = (places[1:] > places[:-1]).all() and (not len(places) or 0 <= places[0] <= places[-1] < len(symbols))
    if len(places) != len(points) or not ascending or (points > 0x10FFFF).any():
        raise DataError("its escapes are not those of its symbols")
    return places, points


def _varints(extra: bytes, symbols: int) -> list[int]:
    """The numbers of a deflated list, of which a symbol has two at most."""
    if not extra:
        return []
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflate.decompress(extra, 2 * LONGEST * symbols + 1)
    except zlib.error as error:
        raise DataError("its escapes are damaged") from error
    numbers, number, shift = [], 0, 0
    for byte in content:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(min(number, 2**62))
            number, shift = 0, 0
        elif shift > 7 * LONGEST:
            raise DataError("its escapes are damaged")
    return numbers
