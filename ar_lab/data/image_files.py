"""Image files of the user's: a folder of equally sized pictures, or an array in an .npz."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image

from ar_lab.data.arrays import read_arrays
from ar_lab.errors import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".webp")
KEPT_AS = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}  # PIL's mode of a file -> gray or color


class Collection(NamedTuple):
    """Images, with what keeps a split fair where it is known: their labels, and groups that belong together."""

    images: UInt8[np.ndarray, "count height width channels"]
    labels: Shaped[np.ndarray, " count"] | None = None
    groups: Shaped[np.ndarray, " count"] | None = None


def image_paths(folder: Path) -> list[Path]:
    """The images below a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def read_folder(folder: Path, grouped: bool, labeled: bool) -> Collection:
    """All images below a folder, sorted by path: gray ones with 1 channel, color ones with 3.

    A subfolder is a group, or a label, where it is asked for.

    Raises:
        DataError: naming the first file that cannot be read or differs from the first one in size or channels.
    """
    if folder.is_file():
        raise DataError(f"data.path={folder} is a file; give a folder of images or an .npz")
    if not folder.is_dir():
        raise DataError(f"data.path={folder}: no such folder; give a folder of images or an .npz")
    paths = image_paths(folder)
    if not paths:
        raise DataError(f"data.path={folder}: holds no image ({', '.join(SUFFIXES)})")
    images = [read_image(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise DataError(
                f"{path} is of shape {image.shape} (height, width, channels), {paths[0]} of {images[0].shape}: "
                "all images need the same size and the same channels"
            )
    # Relative, so that it does not matter where the folder lies.
    subfolders = np.array([path.relative_to(folder).as_posix().rpartition("/")[0] for path in paths])
    return Collection(np.stack(images), subfolders if labeled else None, subfolders if grouped else None)


def read_image(path: Path) -> UInt8[np.ndarray, "height width channels"]:
    """Raises DataError for a file that is broken, or neither gray nor RGB with a byte a channel."""
    try:
        with Image.open(path) as image:
            if image.mode not in KEPT_AS:
                raise DataError(f"{path} has the color mode {image.mode}: convert it to 8-bit gray or RGB")
            pixels = np.array(image.convert(KEPT_AS[image.mode]))
    except (OSError, SyntaxError) as error:  # Pillow reports some broken PNGs as a SyntaxError
        raise DataError(f"{path} is not a readable image: {error}") from error
    return pixels if pixels.ndim == 3 else pixels[..., None]


def read_npz(path: Path) -> Collection:
    """`images`, uint8 in the order (count, height, width[, channels]), `labels` and `groups` if there are any.

    Raises:
        DataError: when the file or the array cannot be used.
    """
    named = "integers or fixed-width text"
    arrays = read_arrays(path, {"images": "uint8", "labels": named, "groups": named})
    images = arrays["images"]
    if images.dtype != np.uint8 or images.ndim < 3 or images.shape[3:] not in ((), (1,), (3,)) or not images.size:
        raise DataError(
            f"{path}: `images` is {images.dtype} of shape {images.shape}: "
            "needs uint8 (count, height, width[, channels]) with 1 or 3 channels"
        )
    for name in ("labels", "groups"):
        if name in arrays and arrays[name].shape != images.shape[:1]:
            raise DataError(f"{path}: `{name}` is of shape {arrays[name].shape}, there are {len(images)} images")
    return Collection(images if images.ndim == 4 else images[..., None], arrays.get("labels"), arrays.get("groups"))
