"""Images: scikit-learn's digits, the published sets that torchvision knows, and the user's own."""

import hashlib
from abc import abstractmethod
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Shaped, UInt8
from sklearn.datasets import load_digits
from torchvision import datasets
from torchvision.datasets import VisionDataset

from ar_lab.codecs.image import ImageCodec
from ar_lab.data.folds import Fold, drawn, fold_notes
from ar_lab.data.image_files import Collection, image_paths, read_folder, read_npz
from ar_lab.data.labels import classes, coded
from ar_lab.data.only import Only, having, only_notes
from ar_lab.data.parts import Parts, Source
from ar_lab.data.published import prepared, read_from
from ar_lab.errors import ConfigError

Images = UInt8[np.ndarray, "count height width channels"]
TestImages = UInt8[np.ndarray, "test height width channels"]
Labels = Shaped[np.ndarray, " count"]
TestLabels = Shaped[np.ndarray, " test"]


def image_codec(images: Images, raw_levels: int, levels: int, names: tuple[str, ...]) -> ImageCodec:
    """Raises ConfigError for more levels than the images have, or fewer than two."""
    if not 2 <= levels <= raw_levels:
        raise ConfigError(f"data.levels={levels}: must be between 2 and {raw_levels}, the levels of these images")
    return ImageCodec(tuple(images.shape[1:]), raw_levels, levels, names)


def coarseness(codec: ImageCodec) -> list[str]:
    """A note when the code is coarser than the images."""
    if codec.levels == codec.raw_levels:
        return []
    return [
        f"re-quantized from {codec.raw_levels} to {codec.levels} levels: the figures are those of the coarser images"
    ]


def conditioning(codec: ImageCodec) -> list[str]:
    """A note when the figures are of images given their labels."""
    if not codec.classes:
        return []
    return [f"conditioned on the label, one of {len(codec.classes)}: the figures are of p(image | label)"]


def checksum(*images: Shaped[np.ndarray, "..."], **deciding: Shaped[np.ndarray, "..."] | None) -> str:
    """sha256 of images and, by its name, of whatever else there is that decides how they are split."""
    total = hashlib.sha256()
    for name, array in [*(("", array) for array in images), *deciding.items()]:
        if array is not None:
            total.update(f"{name}{array.dtype} {array.shape}".encode())
            total.update(np.ascontiguousarray(array))
    return total.hexdigest()


class OwnSplit(Source):
    """Images without an official test part: every part is drawn from them, each with its share of every label."""

    raw_levels: ClassVar[int] = 256

    def __init__(
        self,
        *,
        levels: int,
        validation: float,
        test: float,
        split_seed: int,
        fraction: float,
        condition: bool = False,
        only: Only = None,
    ):
        self.levels, self.condition, self.only = levels, condition, only
        self.shares = {"validation": validation, "test": test, "fraction": fraction, "seed": split_seed}

    @abstractmethod
    def read(self) -> Collection:
        """All images."""

    def having(self, kept: bool) -> Collection:
        """The images that have a label of `only`, or those that have none of them."""
        found = self.read()
        if self.only is None:
            return found
        mask = having(found.labels, self.only, "this data") == kept
        return Collection(*(part if part is None else part[mask] for part in found))

    def left_out(self) -> Images:
        return super().left_out() if self.only is None else self.having(False).images

    def load(self, fold: Fold | None = None) -> Parts:
        images, labels, groups = self.having(True)
        names = classes(labels, "this data") if self.condition else ()
        codec = image_codec(images, self.raw_levels, self.levels, names)
        split = drawn(fold, len(images), **self.shares, labels=labels, groups=groups)
        x = codec.encode(images)
        return Parts(
            codec,
            *(x[part] for part in (split.train, split.validation, split.test)),
            checksum=checksum(images, labels=labels, groups=groups),
            notes=[*fold_notes(fold), *only_notes(self.only), *coarseness(codec), *conditioning(codec)],
            digest=split.digest,
            held_out=split.held_out,
            labels=coded(split.of(labels), names) if self.condition else {},
        )


class Digits(OwnSplit):
    """scikit-learn's 1,797 handwritten digits of 8x8 pixels with 17 gray levels (Alpaydin and Kaynak, 1998)."""

    raw_levels = 17

    def read(self) -> Collection:
        digits = load_digits()
        return Collection(digits.images.astype(np.uint8)[..., None], digits.target)

    def paths(self) -> list[Path]:
        return [Path(str(files("sklearn.datasets.data") / "digits.csv.gz"))]


class ImageFiles(OwnSplit):
    """The user's images: a folder of files, or an .npz with `images` and, if they are known, `labels` and `groups`.

    With `groups="folder"` an image's parent folder is its group: no folder is then in two parts. With `condition` or
    `only` it is its label.
    """

    def __init__(self, *, path: str, groups: str | None = None, **own_split):
        super().__init__(**own_split)
        self.path = Path(path).expanduser()
        self.in_array = self.path.suffix == ".npz"
        self.grouped = groups == "folder"
        if self.grouped and self.condition:
            raise ConfigError("data.groups=folder: keeps a label, which is the folder, in one part; use groups=null")
        if self.in_array and self.grouped:
            raise ConfigError(f"data.groups=folder: {path} is no folder; an .npz has its groups in an array `groups`")

    def read(self) -> Collection:
        labeled = self.condition or self.only is not None
        return read_npz(self.path) if self.in_array else read_folder(self.path, self.grouped, labeled)

    def paths(self) -> list[Path]:
        """The files, and for a folder itself and its subfolders, which change when an image comes or goes."""
        if self.in_array:
            return [self.path]
        return [self.path, *sorted(path for path in self.path.rglob("*") if path.is_dir()), *image_paths(self.path)]


class Published(Source):
    """A dataset with an official test part; validation is drawn from the official training part."""

    dataset: ClassVar[type[VisionDataset]]
    raw_levels: ClassVar[int] = 256

    def __init__(
        self,
        *,
        root: str,
        cache: str,
        levels: int,
        validation: float,
        split_seed: int,
        fraction: float,
        condition: bool = False,
        only: Only = None,
    ):
        self.root, self.cache = Path(root).expanduser(), Path(cache).expanduser()
        self.levels, self.condition, self.only = levels, condition, only
        self.shares = {"validation": validation, "fraction": fraction, "seed": split_seed}

    def read(self) -> tuple[Images, Labels, TestImages, TestLabels]:
        """Training images and their labels, test images and theirs."""
        folder = prepared(self.dataset, self.root, self.cache)
        train, test = self.dataset(folder, train=True), self.dataset(folder, train=False)
        images = [np.asarray(part.data) for part in (train, test)]
        train_images, test_images = (part if part.ndim == 4 else part[..., None] for part in images)
        return train_images, np.asarray(train.targets), test_images, np.asarray(test.targets)

    def having(self, kept: bool) -> tuple[Images, Labels, TestImages, TestLabels]:
        """What `read` gives of the labels in `only`, or of all others."""
        images, labels, test, test_labels = self.read()
        if self.only is None:
            return images, labels, test, test_labels
        names = getattr(self.dataset, "classes", ())
        train, tested = (having(of, self.only, "this data", names) == kept for of in (labels, test_labels))
        return images[train], labels[train], test[tested], test_labels[tested]

    def left_out(self) -> Images:
        """Of the official test part alone."""
        return super().left_out() if self.only is None else self.having(False)[2]

    def load(self, fold: Fold | None = None) -> Parts:
        images, labels, test, test_labels = self.having(True)
        names = classes(labels, "this data") if self.condition else ()
        codec = image_codec(images, self.raw_levels, self.levels, names)
        split = drawn(fold, len(images), **self.shares, labels=labels)
        by_part = split.of(labels) | ({"test": test_labels} if fold is None else {})
        x = codec.encode(images)
        return Parts(
            codec,
            x[split.train],
            x[split.validation],
            codec.encode(test) if fold is None else x[split.test],
            checksum=checksum(images, test, labels=labels, test_labels=test_labels if self.condition else None),
            notes=[*fold_notes(fold), *only_notes(self.only), *coarseness(codec), *conditioning(codec), *self.notes()],
            digest=split.digest,
            held_out=split.held_out,
            labels=coded(by_part, names) if self.condition else {},
        )

    def paths(self) -> list[Path]:
        return read_from(self.dataset, self.root, self.cache)

    def notes(self) -> list[str]:
        return []


class MNIST(Published):
    """60,000 + 10,000 handwritten digits of 28x28 pixels (LeCun et al., 1998)."""

    dataset = datasets.MNIST


class FashionMNIST(Published):
    """60,000 + 10,000 articles of clothing of 28x28 pixels (Xiao et al., 2017)."""

    dataset = datasets.FashionMNIST


class CIFAR10(Published):
    """50,000 + 10,000 color photographs of 32x32 pixels (Krizhevsky, 2009)."""

    dataset = datasets.CIFAR10


class BinaryMNIST(Published):
    """MNIST with every pixel drawn once as Bernoulli(gray / 255) (Salakhutdinov and Murray, 2008)."""

    dataset = datasets.MNIST
    raw_levels = 2

    def __init__(self, *, binarization_seed: int, **published):
        super().__init__(levels=2, **published)
        self.binarization_seed = binarization_seed

    def read(self) -> tuple[Images, Labels, TestImages, TestLabels]:
        train, labels, test, test_labels = super().read()
        rng = np.random.default_rng(self.binarization_seed)
        return self.draw(rng, train), labels, self.draw(rng, test), test_labels

    def draw(self, rng: np.random.Generator, gray: Images) -> Images:
        """1 where gray exceeds a uniform draw from 0..254: exactly with probability gray / 255."""
        return (rng.integers(0, 255, gray.shape, dtype=np.uint8) < gray).astype(np.uint8)

    def notes(self) -> list[str]:
        return [
            f"binarized by our own draw (seed {self.binarization_seed}), not the published file's: "
            "not comparable with the literature to the last tenth of a nat"
        ]
