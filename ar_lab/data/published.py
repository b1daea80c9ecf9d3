"""Published image datasets through torchvision's classes: found under a root, or downloaded once into a cache.

A root may be read-only and a job may be killed at any moment. So nothing is ever written to the root, torchvision
downloads and unpacks in a folder apart, and only whole files whose checksums are right are moved into the cache.
"""

import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from torchvision import datasets
from torchvision.datasets import VisionDataset

from ar_lab.data.download import NETWORK_ERRORS, THROWN_AWAY, checked, patience, unavailable, writing


@dataclass(frozen=True)
class Layout:
    """The files of a dataset below its root, by torchvision's own lists."""

    archives: dict[str, str]  # path -> md5 of what is downloaded
    contents: dict[str, str]  # path -> md5 of what is read in the end
    gzipped: dict[str, str]  # path -> path of the .gz that it is unpacked from, for files without an md5 of their own

    @classmethod
    def of(cls, dataset: type[VisionDataset]) -> "Layout":
        if issubclass(dataset, datasets.MNIST):
            archives = {f"{dataset.__name__}/raw/{name}": md5 for name, md5 in dataset.resources}
            return cls(archives, archives, {path.removesuffix(".gz"): path for path in archives})
        batches = [*dataset.train_list, *dataset.test_list, (dataset.meta["filename"], dataset.meta["md5"])]
        contents = {f"{dataset.base_folder}/{name}": md5 for name, md5 in batches}
        return cls({dataset.filename: dataset.tgz_md5}, contents, {})

    def complete(self, folder: Path) -> bool:
        """Whether torchvision can read the dataset from the folder.

        Raises:
            DataError: for a file that is there with another checksum.
        """
        known = {**self.archives, **self.contents}
        for path in known:
            if (folder / path).is_file():
                checked(folder / path, known[path], "md5")
        return all((folder / path).is_file() for path in self.contents) and all(
            unpacked(folder / path, folder / archive) for path, archive in self.gzipped.items()
        )


def unpacked(path: Path, archive: Path) -> bool:
    """Whether a file is what its .gz holds, by the checksum and size that end the .gz (RFC 1952)."""
    if not path.is_file():
        return False
    content, trailer = path.read_bytes(), archive.read_bytes()[-8:]
    return trailer == zlib.crc32(content).to_bytes(4, "little") + (len(content) % 2**32).to_bytes(4, "little")


def prepared(dataset: type[VisionDataset], root: Path, cache: Path) -> Path:
    """The folder to give to torchvision: the root if it is complete, else the cache, filled when it is not.

    Raises:
        DataError: when files are corrupt, not to be had, or cannot be written to the cache.
    """
    layout = Layout.of(dataset)
    for folder in (root, cache):
        if layout.complete(folder):
            return folder
    with writing(cache, dataset.__name__):
        if not layout.complete(cache):  # another job may have had the lock before
            fill(dataset, layout, root, cache)
    return cache


def read_from(dataset: type[VisionDataset], root: Path, cache: Path) -> list[Path]:
    """The files that torchvision reads: the root's if it has them all, else the cache's, there already or not."""
    layout = Layout.of(dataset)
    wanted = layout.gzipped or layout.contents
    folder = root if all((root / path).is_file() for path in wanted) else cache
    return [folder / path for path in wanted]


def fill(dataset: type[VisionDataset], layout: Layout, root: Path, cache: Path) -> None:
    with scratch(cache / f".{dataset.__name__}.partial") as folder:
        for path in {**layout.archives, **layout.contents}:
            source = next((place / path for place in (cache, root) if (place / path).is_file()), None)
            if source is not None:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / path)
        download(dataset, layout, folder, root, cache)
        for path in [*layout.contents, *layout.gzipped]:
            (cache / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).replace(cache / path)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards, and at the next try if this one is killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download(dataset: type[VisionDataset], layout: Layout, folder: Path, root: Path, cache: Path) -> None:
    """Lets torchvision fetch and unpack what the folder lacks."""
    try:
        with patience():
            dataset(folder, download=True)
    except (*NETWORK_ERRORS, RuntimeError) as error:
        for path, md5 in layout.archives.items():
            if (folder / path).is_file():
                checked(folder / path, md5, "md5", THROWN_AWAY)
        raise unavailable(dataset.__name__, root, cache, list(layout.archives), error, "data=digits") from error
