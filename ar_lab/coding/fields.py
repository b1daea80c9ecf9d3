"""Small numbers as bytes: what headers are made of."""

from ar_lab.errors import DataError

LONGEST = 9  # bytes of a varint: 63 bits


def varint(number: int) -> bytes:
    """Seven bits a byte, lowest first, the highest bit set in all but the last (LEB128)."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


class Fields:
    """Reads a header from its beginning.

    Every read raises DataError when there is less.
    """

    def __init__(self, content: bytes):
        self.content, self.place = content, 0

    def take(self, size: int) -> bytes:
        found = self.content[self.place : self.place + size]
        if len(found) < size:
            raise DataError("its header ends before all of its fields")
        self.place += size
        return found

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def varint(self) -> int:
        number = 0
        for shift in range(0, 7 * LONGEST, 7):
            byte = self.integer(1)
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise DataError("its header has a number of more than 63 bits")

    def end(self) -> None:
        """Raises DataError for bytes that no field takes."""
        if self.place != len(self.content):
            raise DataError(f"its header has {len(self.content) - self.place} bytes too many")
