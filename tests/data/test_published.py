"""Published images: found, downloaded, checked, and never half there."""

import gc
import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets

from ar_lab.data.images import CIFAR10, MNIST
from ar_lab.errors import DataError

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
SPLIT = {"levels": 256, "validation": 0.1, "split_seed": 0, "fraction": 1.0}


def place(files: dict[str, bytes], folder: str) -> Path:
    raw = Path(folder) / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    return raw


def listing(folder: str) -> dict[str, tuple[int, bytes]]:
    """Everything in a folder, with when and what was written."""
    paths = [Path(folder), *sorted(Path(folder).rglob("*"))]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in paths}


def serve(monkeypatch, server, files: dict[str, bytes]) -> None:
    server.files.update(files)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [server.url])


def test_what_the_root_holds_is_used_without_writing_there(mnist, folders, nobody, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", [nobody])
    place(mnist, folders["root"])
    before = listing(folders["root"])
    parts = MNIST(**folders, **SPLIT).load()
    assert listing(folders["root"]) == before
    expected = np.frombuffer(gzip.decompress(mnist[IMAGES])[16:], dtype=np.uint8).reshape(50, 784)
    seen = np.concatenate([parts.train, parts.validation])
    assert sorted(map(bytes, seen)) == sorted(map(bytes, expected))
    assert len(parts.validation) == 5
    assert parts.test.shape == (20, 784)
    assert MNIST(**folders, **SPLIT).load().checksum == parts.checksum


def test_a_root_that_torchvision_has_unpacked_already_needs_no_cache(mnist, folders):
    place(
        {**mnist, **{name.removesuffix(".gz"): gzip.decompress(content) for name, content in mnist.items()}},
        folders["root"],
    )
    assert len(MNIST(**folders, **SPLIT).load().test) == 20
    assert not Path(folders["cache"]).exists()


def test_what_the_root_lacks_is_downloaded_once(mnist, folders, server, monkeypatch):
    serve(monkeypatch, server, mnist)
    place({IMAGES: mnist[IMAGES]}, folders["root"])
    first = MNIST(**folders, **SPLIT).load()
    assert set(server.requests) == set(mnist) - {IMAGES}
    server.requests.clear()
    assert MNIST(**folders, **SPLIT).load().checksum == first.checksum
    assert server.requests == []


def test_without_data_and_network_the_error_says_what_to_do(mnist, folders, nobody, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", [nobody])
    with pytest.raises(DataError) as caught:
        MNIST(**folders, **SPLIT).load()
    message = str(caught.value)
    assert "\n" not in message
    for part in (folders["root"], folders["cache"], f"MNIST/raw/{IMAGES}", "refused", "data=digits"):
        assert part in message


# torchvision leaves the server's answer open when it is an error.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_a_missing_file_on_the_server_is_not_a_traceback(mnist, folders, server, monkeypatch):
    serve(monkeypatch, server, {})
    with pytest.raises(DataError, match="HTTP Error 404") as caught:
        MNIST(**folders, **SPLIT).load()
    del caught
    gc.collect()


@pytest.mark.parametrize("fault", ["wrong", "cut"])
def test_a_bad_download_is_thrown_away_and_the_next_try_succeeds(fault, mnist, folders, server, monkeypatch):
    serve(monkeypatch, server, {**mnist, LABELS: b"wrong"} if fault == "wrong" else mnist)
    server.cut = {LABELS} if fault == "cut" else set()
    with pytest.raises(DataError) as caught:
        MNIST(**folders, **SPLIT).load()
    sent = mnist[LABELS][: len(mnist[LABELS]) // 2] if fault == "cut" else b"wrong"
    for checksum in (hashlib.md5(sent).hexdigest(), hashlib.md5(mnist[LABELS]).hexdigest()):
        assert checksum in str(caught.value)
    assert f"{LABELS} is corrupt" in str(caught.value)
    assert "thrown away: try again" in str(caught.value)
    serve(monkeypatch, server, mnist)
    server.cut = set()
    assert len(MNIST(**folders, **SPLIT).load().test) == 20


@pytest.mark.parametrize("where", ["root", "cache"])
def test_a_corrupt_file_is_named_with_both_checksums(where, mnist, folders, nobody, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", [nobody])
    raw = place({**mnist, IMAGES: mnist[IMAGES][:-1]}, folders[where])
    with pytest.raises(DataError) as caught:
        MNIST(**folders, **SPLIT).load()
    for checksum in (hashlib.md5(mnist[IMAGES][:-1]).hexdigest(), hashlib.md5(mnist[IMAGES]).hexdigest()):
        assert checksum in str(caught.value)
    assert str(raw / IMAGES) in str(caught.value)


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-100] + bytes(100))]
)
def test_a_damaged_unpacked_file_is_unpacked_again(damage, mnist, folders, nobody, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", [nobody])
    place(mnist, folders["root"])
    before = MNIST(**folders, **SPLIT).load().checksum
    damage(Path(folders["cache"]) / "MNIST" / "raw" / "t10k-images-idx3-ubyte")
    assert MNIST(**folders, **SPLIT).load().checksum == before


def test_what_a_killed_job_left_does_not_disturb_the_next(mnist, folders, server, monkeypatch):
    serve(monkeypatch, server, mnist)
    raw = Path(folders["cache"]) / ".MNIST.partial" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / IMAGES).write_bytes(mnist[IMAGES][:100])
    (Path(folders["cache"]) / ".MNIST.lock").touch()
    assert len(MNIST(**folders, **SPLIT).load().test) == 20
    assert not (Path(folders["cache"]) / ".MNIST.partial").exists()


def test_a_cache_that_cannot_be_written_is_said_in_a_line(mnist, folders, tmp_path):
    place(mnist, folders["root"])
    (tmp_path / "file").touch()
    with pytest.raises(
        DataError, match=r"the cache .*file/cache cannot be written \(Not a directory\): set data.cache"
    ):
        MNIST(root=folders["root"], cache=str(tmp_path / "file" / "cache"), **SPLIT).load()


JOB = """
import sys
from torchvision import datasets
from ar_lab.data.images import MNIST
url, root, cache, resources = sys.argv[1], sys.argv[2], sys.argv[3], eval(sys.argv[4])
datasets.MNIST.mirrors, datasets.MNIST.resources = [url], resources
print(MNIST(root=root, cache=cache, levels=256, validation=0.1, split_seed=0, fraction=1.0).load().checksum)
"""


@pytest.mark.slow
def test_parallel_jobs_download_once(mnist, folders, server, monkeypatch):
    serve(monkeypatch, server, mnist)
    server.delay = 0.2
    arguments = [server.url, folders["root"], folders["cache"], repr(datasets.MNIST.resources)]
    jobs = [
        subprocess.Popen([sys.executable, "-c", JOB, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    outputs = [job.communicate() for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0] == f"{MNIST(**folders, **SPLIT).load().checksum}\n".encode()
    # torchvision asks twice for a file: first for redirects, then for the content.
    assert sorted(server.requests) == sorted([*mnist, *mnist])


def test_cifar10_is_downloaded_unpacked_and_kept_without_its_archive(cifar10, folders, server, monkeypatch):
    server.files["cifar.tar.gz"] = cifar10
    monkeypatch.setattr(datasets.CIFAR10, "url", f"{server.url}cifar.tar.gz")
    parts = CIFAR10(**folders, **SPLIT).load()
    assert (parts.train.shape, parts.validation.shape, parts.test.shape) == ((90, 3072), (10, 3072), (20, 3072))
    assert parts.codec.space.shape == (32, 32, 3)
    # The file holds planes of red, green and blue; an example holds the three of a pixel side by side.
    raw = np.random.default_rng(0).integers(0, 256, (6, 20, 3072), dtype=np.uint8)[5]
    assert (parts.test.numpy().reshape(20, 1024, 3).transpose(0, 2, 1).reshape(20, 3072) == raw).all()
    assert not list(Path(folders["cache"]).rglob("*.tar.gz"))
    server.requests.clear()
    assert CIFAR10(**folders, **SPLIT).load().checksum == parts.checksum
    assert server.requests == []


@pytest.mark.parametrize("unpacked", [True, False])
def test_cifar10_is_read_from_a_root_with_the_archive_or_its_files(unpacked, cifar10, folders, nobody, monkeypatch):
    monkeypatch.setattr(datasets.CIFAR10, "url", f"{nobody}cifar.tar.gz")
    archive = Path(folders["root"]) / datasets.CIFAR10.filename
    archive.write_bytes(cifar10)
    if unpacked:
        subprocess.run(["tar", "xzf", archive.name], cwd=folders["root"], check=True)
        archive.unlink()
    before = listing(folders["root"])
    assert len(CIFAR10(**folders, **SPLIT).load().train) == 90
    assert listing(folders["root"]) == before


def test_a_corrupt_archive_of_cifar10_is_named(cifar10, folders):
    (Path(folders["root"]) / datasets.CIFAR10.filename).write_bytes(cifar10[:-1])
    with pytest.raises(
        DataError, match=rf"{datasets.CIFAR10.filename} is corrupt: its md5 is .*{hashlib.md5(cifar10).hexdigest()}"
    ):
        CIFAR10(**folders, **SPLIT).load()
