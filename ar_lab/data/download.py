"""Downloads: one job at a time, checked before anything is kept, into a cache that holds whole files only."""

import hashlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from filelock import FileLock

from ar_lab.errors import DataError

NETWORK_ERRORS = (URLError, HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
THROWN_AWAY = "the download was thrown away: try again"
SECONDS_OF_SILENCE = 30  # after which a server counts as unreachable


def checked(path: Path, expected: str, algorithm: str, remedy: str = "replace or delete it") -> None:
    """Raises DataError, naming both checksums, when the file is not the published one."""
    try:
        found = hashlib.new(algorithm, path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if found != expected:
        raise DataError(f"{path} is corrupt: its {algorithm} is {found}, expected {expected}; {remedy}")


@contextmanager
def writing(cache: Path, name: str) -> Iterator[None]:
    """Holds the cache's lock for `name`, so that parallel jobs wait for the first one's download.

    Raises:
        DataError: when the cache cannot be written, or is full.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f".{name}.lock"):
            yield
    except OSError as error:
        raise DataError(
            f"the cache {cache} cannot be written ({error.strerror or error}): "
            "set data.cache or AR_LAB_CACHE to a folder with room that can be"
        ) from error


@contextmanager
def patience() -> Iterator[None]:
    """Gives up on a silent server instead of waiting without end."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_OF_SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def unavailable(name: str, root: Path, cache: Path, wanted: list[str], error: Exception, instead: str) -> DataError:
    """The error of a dataset that is neither here nor to be had."""
    reason = (str(error).strip() or repr(error)).splitlines()[-1]
    return DataError(
        f"no {name} in data.root={root} nor in the cache {cache} (wanted: {', '.join(wanted)}), and the download "
        f"failed ({reason}); put the files there, or use {instead}, which works at once"
    )


def fetched(url: str) -> bytes:
    """What a small file's address holds; raises one of NETWORK_ERRORS when it cannot be had whole."""
    with patience(), urlopen(Request(url, headers={"User-Agent": "ar_lab"})) as response:
        return response.read()


def keep(content: bytes, path: Path, sha256: str) -> None:
    """Writes a file that is there whole and right or not at all.

    Raises:
        DataError: when the content has another checksum.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    try:
        checked(partial, sha256, "sha256", THROWN_AWAY)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
