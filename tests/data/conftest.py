"""A server on loopback, and small datasets in the formats of the published ones."""

import gzip
import hashlib
import io
import os
import pickle
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets


class Loopback(ThreadingHTTPServer):
    """Serves `files` by path. A path in `cut` loses its connection half-way; every answer waits `delay` seconds."""

    daemon_threads = False  # so that closing waits for the answers under way

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.delay = 0.0
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Loopback

    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.requests.append(name)
        time.sleep(self.server.delay)
        if name not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(ConnectionError):  # torchvision hangs up on the answer that it asks for redirects only
            self.wfile.write(content[: len(content) // 2] if name in self.server.cut else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Loopback]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Loopback() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def nobody(monkeypatch) -> str:
    """The address of a server that is not there."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as gone:
        return f"http://127.0.0.1:{gone.server_port}/"


@pytest.fixture
def folders(tmp_path) -> dict[str, str]:
    """A root that holds nothing and a cache that does not exist."""
    (tmp_path / "root").mkdir()
    return {"root": str(tmp_path / "root"), "cache": str(tmp_path / "cache")}


def idx(array: np.ndarray) -> bytes:
    """The format of MNIST's files: magic number, sizes, bytes."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(monkeypatch) -> dict[str, bytes]:
    """The four files of a small MNIST, whose checksums torchvision is made to expect."""
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte.gz": rng.integers(0, 256, (50, 28, 28)),
        "train-labels-idx1-ubyte.gz": np.arange(50) % 10,
        "t10k-images-idx3-ubyte.gz": rng.integers(0, 256, (20, 28, 28)),
        "t10k-labels-idx1-ubyte.gz": np.arange(20) % 10,
    }
    files = {name: gzip.compress(idx(array), mtime=0) for name, array in arrays.items()}
    monkeypatch.setattr(datasets.MNIST, "resources", [(name, md5(content)) for name, content in files.items()])
    return files


@pytest.fixture
def cifar10(monkeypatch) -> bytes:
    """The archive of a small CIFAR-10, whose checksums torchvision is made to expect."""
    rng = np.random.default_rng(0)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    members = {
        name: pickle.dumps({"data": rng.integers(0, 256, (20, 3072), dtype=np.uint8), "labels": list(range(10)) * 2})
        for name in names
    }
    members["batches.meta"] = pickle.dumps({"label_names": list("abcdefghij")})
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    lists = [[name, md5(members[name])] for name in names]
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5(archive.getvalue()))
    monkeypatch.setattr(datasets.CIFAR10, "train_list", lists[:5])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", lists[5:])
    meta = {**datasets.CIFAR10.meta, "md5": md5(members["batches.meta"])}
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)
    return archive.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real datasets beside the checkout, or wherever AR_LAB_DATA says."""
    folder = Path(os.environ.get("AR_LAB_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "MNIST" / "raw").is_dir():
        pytest.skip(f"no MNIST in {folder}: set AR_LAB_DATA")
    return folder
