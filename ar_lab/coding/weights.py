"""Weights as bytes: what a model costs that has to be sent along (the first part of a two-part code, Rissanen, 1978).

The bytes of all numbers of a tensor are taken apart into planes, the first bytes and so on, each coded by its own
histogram: signs and exponents of weights are far from uniform, the last bits of their fractions are not.
"""

import json
import zlib
from collections.abc import Mapping
from math import prod
from typing import Any, Literal

import constriction
import numpy as np
import torch
from jaxtyping import Float64, UInt8
from torch import Tensor

from ar_lab.coding.fields import Fields, varint
from ar_lab.coding.stream import floored
from ar_lab.errors import DataError

DType = Literal["fp32", "fp16"]
HEAD = 2**26  # bytes: what names and shapes may have
LIMIT = 2**34  # bytes: what the weights of a model in a file may have
PLAIN, CODED_PLANE = 0, 1


def rounded(weights: Mapping[str, Tensor], dtype: DType) -> dict[str, Tensor]:
    """What is unpacked of packed weights: under fp16 real numbers are rounded, and keep their own precision.

    Raises:
        ValueError: naming a tensor with numbers that half precision does not reach.
    """
    if dtype == "fp32":
        return dict(weights)
    found = {}
    for name, tensor in weights.items():
        found[name] = tensor.half().to(tensor.dtype) if tensor.is_floating_point() else tensor
        if not torch.equal(found[name].isfinite(), tensor.isfinite()):
            raise ValueError(f"{name} has numbers beyond 65,504, the greatest of half precision")
    return found


def pack(weights: Mapping[str, Tensor], dtype: DType = "fp32") -> bytes:
    """Names, shapes and numbers of a state_dict, which `unpack` gives back as `rounded` says.

    Raises:
        ValueError: by `rounded`.
    """
    heads, content = [], b""
    for name, tensor in rounded(weights, dtype).items():
        kind = str(tensor.dtype).removeprefix("torch.")
        half = dtype == "fp16" and tensor.is_floating_point()
        stored = (tensor.half() if half else tensor).detach().cpu().contiguous().flatten()
        rises = _rises(stored)
        if rises:
            stored = stored.diff(prepend=stored.new_zeros(1))
        heads.append([name, kind, list(tensor.shape), half, rises])
        content += b"".join(_pack_plane(plane) for plane in _planes(stored))
    head = zlib.compress(json.dumps(heads).encode(), 9)
    return varint(len(head)) + head + content


def unpack(content: bytes, limit: int = LIMIT) -> dict[str, Tensor]:
    """The weights that were packed.

    Raises:
        DataError: for bytes that `pack` did not make, or weights of more bytes than the limit.
    """
    fields = Fields(content)
    try:
        heads = json.loads(zlib.decompressobj().decompress(fields.take(fields.varint()), HEAD))
        found = {}
        for name, kind, shape, half, rises in heads:
            dtype = getattr(torch, kind)
            limit -= prod(shape) * dtype.itemsize
            if limit < 0 or min(shape, default=0) < 0:
                raise DataError("the weights in it are more than a model here may have")
            found[name] = _unpack_tensor(fields, dtype, shape, half, rises)
        fields.end()
    except (zlib.error, ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        raise DataError("the weights in it are damaged") from error
    return found


def _rises(flat: Tensor) -> bool:
    """Whether differences are smaller than the numbers: keys in ascending order, or places of a table."""
    if flat.dtype not in (torch.int64, torch.int32) or len(flat) < 2:
        return False
    return bool((flat[1:] >= flat[:-1]).all() and flat[0] >= 0)


def _planes(flat: Tensor) -> list[UInt8[np.ndarray, " numbers"]]:
    raw = flat.view(torch.uint8).numpy().reshape(-1, flat.dtype.itemsize)
    return [np.ascontiguousarray(plane) for plane in raw.T]


def _pack_plane(plane: UInt8[np.ndarray, " numbers"]) -> bytes:
    """Whichever is shorter: the bytes as they are, or the histogram and the code that it gives."""
    counts = np.bincount(plane, minlength=256)
    coder = constriction.stream.queue.RangeEncoder()
    coder.encode(plane.astype(np.int32), constriction.stream.model.Categorical(_law(counts), perfect=False))
    code = coder.get_compressed().astype("<u4").tobytes()
    histogram = zlib.compress(b"".join(varint(count) for count in _scaled(counts)), 9)
    coded = varint(len(histogram)) + histogram + varint(len(code)) + code
    return bytes([CODED_PLANE]) + coded if len(coded) < len(plane) else bytes([PLAIN]) + plane.tobytes()


def _scaled(counts: Any) -> list[int]:
    """Counts of which none is more than 16 bits, and none that is seen becomes none."""
    most = max(int(counts.max()), 1)
    return [-(-int(count) * min(most, 2**16 - 1) // most) for count in counts]


def _law(counts: Any) -> Float64[np.ndarray, " 256"]:
    scaled = np.array(_scaled(counts), dtype=np.float64)
    return floored(scaled / max(scaled.sum(), 1))


def _unpack_tensor(fields: Fields, dtype: torch.dtype, shape: list[int], half: bool, rises: bool) -> Tensor:
    stored = torch.half if half else dtype
    count = prod(shape)
    raw = np.zeros((count, stored.itemsize), dtype=np.uint8)
    for plane in raw.T:
        plane[:] = _unpack_plane(fields, count)
    flat = torch.from_numpy(raw.reshape(-1)).view(stored)
    flat = flat.cumsum(0, dtype=dtype) if rises else flat
    return flat.to(dtype).reshape(shape)


def _unpack_plane(fields: Fields, count: int) -> UInt8[np.ndarray, " numbers"]:
    if fields.integer(1) == PLAIN:
        return np.frombuffer(fields.take(count), dtype=np.uint8)
    histogram = Fields(zlib.decompressobj().decompress(fields.take(fields.varint()), 4 * 256))
    scaled = np.array([histogram.varint() for _ in range(256)], dtype=np.float64)
    words = np.frombuffer(fields.take(fields.varint()), dtype="<u4").astype(np.uint32)
    law = constriction.stream.model.Categorical(floored(scaled / max(scaled.sum(), 1)), perfect=False)
    return constriction.stream.queue.RangeDecoder(words).decode(law, count).astype(np.uint8)
