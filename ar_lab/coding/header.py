"""What a compressed file says of itself before its chunks: by which model, where, and how it was coded."""

from dataclasses import dataclass
from struct import pack, unpack

import torch

from ar_lab.coding.fields import Fields, varint
from ar_lab.coding.layout import Layout
from ar_lab.coding.stream import Chunk
from ar_lab.errors import DataError

KINDS = ("characters", "bytes", "image", "table")
DTYPES = ("float32", "float64", "bfloat16", "float16")
DEVICES = ("cpu", "cuda", "xpu", "mps")
HARDWARE = ("DEFAULT", "AVX2", "AVX512", "NEON", "SVE256", "ZVECTOR", "VSX")  # others are spelt out
MODEL = 6  # bytes of the model's hash
LANE_LIMIT = 2**20
THREAD_LIMIT = 2**10  # as many are started
SYMBOL_LIMIT = 2**40  # more than there is a disk for
EMBEDDED, ONLINE = 1, 2  # flags


@dataclass(frozen=True)
class Place:
    """Where probabilities are computed: their last bits differ between any two of these."""

    dtype: str
    threads: int
    torch: str
    device: str  # cpu, cuda, …
    hardware: str  # instructions of the processor that torch uses, or the name of the GPU

    @classmethod
    def here(cls, dtype: torch.dtype, device: torch.device) -> "Place":
        of_cpu = device.type == "cpu"
        hardware = torch.backends.cpu.get_cpu_capability() if of_cpu else torch.cuda.get_device_name(device)
        name = str(dtype).removeprefix("torch.")
        return cls(name, torch.get_num_threads(), torch.__version__, device.type, hardware)

    def to_bytes(self) -> bytes:
        known = HARDWARE.index(self.hardware) + 1 if self.hardware in HARDWARE else 0
        numbers = [DTYPES.index(self.dtype), self.threads, DEVICES.index(self.device), known]
        return b"".join(map(varint, numbers)) + _spelt(self.torch) + (b"" if known else _spelt(self.hardware))

    @classmethod
    def read(cls, fields: Fields) -> "Place":
        dtype, threads, device, known = (fields.varint() for _ in range(4))
        if dtype >= len(DTYPES) or device >= len(DEVICES) or known > len(HARDWARE) or not 0 < threads <= THREAD_LIMIT:
            raise DataError("its header names no known precision, device or number of threads")
        version = _read_spelt(fields)
        hardware = HARDWARE[known - 1] if known else _read_spelt(fields)
        return cls(DTYPES[dtype], threads, version, DEVICES[device], hardware)


def _spelt(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


def _read_spelt(fields: Fields) -> str:
    return fields.take(fields.integer(1)).decode("utf-8", "replace")


@dataclass(frozen=True)
class Online:
    """How the model learned while it coded, from the weights that the run's config and this seed begin with."""

    lr: float
    segment: int  # steps
    seed: int

    def to_bytes(self) -> bytes:
        return pack("<d", self.lr) + varint(self.segment) + varint(self.seed)

    @classmethod
    def read(cls, fields: Fields) -> "Online":
        (lr,), segment, seed = unpack("<d", fields.take(8)), fields.varint(), fields.varint()
        if not segment or not 0 < lr < float("inf"):
            raise DataError("its header says that the model learned by steps of no size")
        return cls(lr, segment, seed)


@dataclass(frozen=True)
class Header:
    """Sections follow it: side information, the embedded model, the chunks."""

    model: bytes  # the first bytes of its hash (coding.identity)
    kind: str  # of the codec
    place: Place
    layout: Layout
    extra: int  # bytes
    embedded: int  # bytes; 0: none
    online: Online | None
    chunks: tuple[Chunk, ...]

    @property
    def size(self) -> int:
        """Bytes of all sections after the header."""
        return self.extra + self.embedded + sum(chunk.size for chunk in self.chunks)

    def to_bytes(self) -> bytes:
        layout, of_kind = self.layout, KINDS.index(self.kind) * 4
        found = [self.model, bytes([of_kind | EMBEDDED * bool(self.embedded) | ONLINE * (self.online is not None)])]
        found += [self.place.to_bytes()]
        found += map(varint, (layout.count, layout.dims or 0, layout.lanes, self.extra))
        found += [varint(self.embedded)] if self.embedded else []
        found += [self.online.to_bytes()] if self.online is not None else []
        found.append(varint(len(self.chunks)))
        for k, chunk in enumerate(self.chunks):
            steps = b"" if k == len(self.chunks) - 1 else varint(chunk.steps)  # of the last, what is left
            found += [steps, varint(chunk.size // 4)]
            found += [number.to_bytes(4, "little") for number in (chunk.checksum, chunk.fingerprint)]
        return b"".join(found)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Header":
        """Raises DataError for what no header says."""
        fields = Fields(content)
        model, flags = fields.take(MODEL), fields.integer(1)
        if flags // 4 >= len(KINDS):
            raise DataError("its header names no known codec")
        place = Place.read(fields)
        count, dims, lanes, extra = (fields.varint() for _ in range(4))
        if not 0 < lanes <= LANE_LIMIT:
            raise DataError(f"its header says {lanes:,} lanes; there are 1 to {LANE_LIMIT:,}")
        if count * (dims or 1) > SYMBOL_LIMIT:
            raise DataError(f"its header says {count * (dims or 1):,} symbols; there are at most {SYMBOL_LIMIT:,}")
        embedded = fields.varint() if flags & EMBEDDED else 0
        online = Online.read(fields) if flags & ONLINE else None
        layout = Layout(count, dims or None, lanes)
        chunks = _chunks(fields, layout.steps)
        fields.end()
        return cls(model, KINDS[flags // 4], place, layout, extra, embedded, online, chunks)


def _chunks(fields: Fields, left: int) -> tuple[Chunk, ...]:
    """The table of chunks, whose steps are `left` together."""
    count, found = fields.varint(), []
    if count > len(fields.content):
        raise DataError("its header says more chunks than it has room for")
    for k in range(count):
        steps = left if k == count - 1 else fields.varint()
        words = fields.varint()
        found.append(Chunk(steps, words * 4, fields.integer(4), fields.integer(4)))
        left -= steps
        if steps < 1 or left < 0:
            raise DataError("its header says that chunks hold other steps than the file has")
    if left:
        raise DataError("its header says that chunks hold fewer steps than the file has")
    return tuple(found)
