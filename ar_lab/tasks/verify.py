"""task=verify: whether a compressed file is whole, whether it decodes, and whether to what it should."""

import tempfile
from filecmp import cmp
from pathlib import Path
from typing import Any

import numpy as np

from ar_lab.codecs.table import TableCodec
from ar_lab.coding.container import open_container
from ar_lab.coding.contents import Grid
from ar_lab.coding.header import Header
from ar_lab.errors import ConfigError, DataError
from ar_lab.report.compression import print_verified
from ar_lab.restore import restore
from ar_lab.tasks.contents import read_contents, write_contents
from ar_lab.tasks.decompress import Decoded, decoded
from ar_lab.trainer import device_of


def verify(config: dict[str, Any]) -> None:
    """Checks every byte of `task.input`, decodes it if its model is at hand, and compares it with `task.original`.

    Raises:
        ConfigError: for a file that is none, and an original without a model to decode by.
        DataError: for a file that is damaged, or decodes to something else.
    """
    task, path = config["task"], Path(config["task"]["input"])
    original = None if task["original"] is None else Path(task["original"])
    restored = None if config["run"] is None else restore(config["run"])
    with open_container(path) as opened:
        header = opened.header
    found = facts(path, header)
    if restored is None and not header.embedded:
        if original is not None:
            raise ConfigError("task.original: needs the model that the file was coded by, run=DIR")
    else:
        with decoded(path, restored, device_of(config["trainer"])) as content:
            found["decodes"] = True
            found["equal"] = None if original is None else equals(original, content)
    print_verified(found)
    if found["equal"] is False:
        raise DataError(f"{path}: decodes, but not to {original}")
    print(path)


def facts(path: Path, header: Header) -> dict[str, Any]:
    """What a file says of itself."""
    place = header.place
    return {
        "path": str(path),
        "version": 1,
        "codec": header.kind,
        "symbols": header.layout.symbols,
        "lanes": header.layout.lanes,
        "chunks": len(header.chunks),
        "bytes": path.stat().st_size,
        "model": header.model.hex(),
        "dtype": place.dtype,
        "threads": place.threads,
        "torch": place.torch,
        "device": f"{place.device} ({place.hardware})",
        "embedded": header.embedded > 0,
        "online": header.online is not None,
        "intact": True,
        "decodes": None,
        "equal": None,
    }


def equals(original: Path, content: Decoded) -> bool:
    """Whether a text is decoded to the last byte, images to the last pixel, and numbers to the last digit."""
    if content.codec.space.kind == "sequence":
        with tempfile.TemporaryDirectory() as directory:
            again = Path(directory) / "decoded"
            write_contents(again, content.symbols, content.extra, content.codec)
            return cmp(original, again, shallow=False)
    precision = precision_of(content)
    with read_contents(original, content.codec, precision) as then:
        return np.array_equal(then.symbols, content.symbols)


def precision_of(content: Decoded) -> float | None:
    """The step that a table's numbers were rounded to, if they were."""
    if not isinstance(content.codec, TableCodec):
        return None
    grid = Grid.from_bytes(content.extra, len(content.codec.columns))
    return grid.steps[0] if grid.decimals is None else None
