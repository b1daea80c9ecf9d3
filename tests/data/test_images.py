"""Images keep their levels, their labels' shares, and a fixed binarization."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from ar_lab.data.folds import Fold
from ar_lab.data.images import MNIST, BinaryMNIST, Digits, FashionMNIST, ImageFiles
from ar_lab.errors import ConfigError, DataError

SPLIT = {"validation": 0.1, "split_seed": 0, "fraction": 1.0}


def digits(**options):
    return Digits(**{"levels": 17, "test": 0.2, **SPLIT, **options}).load()


def test_the_parts_of_digits_are_its_images():
    parts = digits()
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (1293, 144, 360)
    images = torch.cat([parts.train, parts.validation, parts.test])
    assert sorted(images.tolist()) == sorted(load_digits().data.astype(int).tolist())


def test_the_split_seed_alone_decides_the_parts():
    assert digits().test.equal(digits().test)
    assert digits(validation=0.3).test.equal(digits().test)
    assert not digits(split_seed=1).test.equal(digits().test)
    assert digits(split_seed=1).checksum == digits().checksum


def test_levels_are_cut_down_and_bounded():
    assert digits(levels=2).train.unique().tolist() == [0, 1]
    assert digits(levels=2).notes == ["re-quantized from 17 to 2 levels: the figures are those of the coarser images"]
    assert digits().notes == []
    for levels in (1, 18):
        with pytest.raises(ConfigError, match=f"data.levels={levels}: must be between 2 and 17"):
            digits(levels=levels)


def test_mnist_is_binarized_once_with_gray_as_the_probability(shared_data, tmp_path):
    def binary(seed=0, split_seed=0):
        source = BinaryMNIST(
            root=str(shared_data), cache=str(cache), binarization_seed=seed, **{**SPLIT, "split_seed": split_seed}
        )
        return source.load()

    cache = tmp_path / "cache"
    parts = binary()
    gray = MNIST(root=str(shared_data), cache=str(cache), levels=256, **SPLIT).load()
    assert parts.codec.space.levels == 2
    for black_and_white, gray_part in [(parts.train, gray.train), (parts.test, gray.test)]:
        assert black_and_white[gray_part == 0].max() == 0
        assert black_and_white[gray_part == 255].min() == 1
        middle = (gray_part > 100) & (gray_part < 156)
        assert float(black_and_white[middle].double().mean()) == pytest.approx(
            float(gray_part[middle].double().mean()) / 255, abs=0.005
        )
    assert binary(split_seed=1).test.equal(parts.test)
    assert not binary(seed=1).test.equal(parts.test)
    assert "our own draw (seed 0), not the published file's" in parts.notes[0]


def test_mnist_and_fashion_mnist_are_read_from_a_root_that_is_never_written(shared_data, tmp_path):
    for source, mean in [(MNIST, 33.3), (FashionMNIST, 72.9)]:
        parts = source(root=str(shared_data), cache=str(tmp_path), levels=256, **SPLIT).load()
        assert (len(parts.train), len(parts.validation), len(parts.test)) == (54_000, 6_000, 10_000)
        assert float(parts.train.double().mean()) == pytest.approx(mean, abs=0.2)


def image_files(path, **options):
    return ImageFiles(path=str(path), **{"levels": 256, "test": 0.2, **SPLIT, **options}).load()


def save(folder, mode: str, shape: tuple[int, ...], names: list[str]) -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 256, (len(names), *shape), dtype=np.uint8)
    for name, image in zip(names, pixels, strict=True):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image).convert(mode).save(folder / name)
    return pixels


@pytest.mark.parametrize(("mode", "shape"), [("L", (4, 5)), ("RGB", (4, 5, 3))])
def test_a_folder_of_images_is_read_recursively_in_gray_or_color(mode, shape, tmp_path):
    pixels = save(tmp_path, mode, shape, [f"{i % 2}/{i}.{'png' if i % 3 else 'bmp'}" for i in range(10)])
    (tmp_path / "notes.txt").write_text("not an image")
    parts = image_files(tmp_path)
    assert parts.codec.space.shape == (4, 5, (len(shape) == 3 and 3) or 1)
    read = torch.cat([parts.train, parts.validation, parts.test])
    assert sorted(read.tolist()) == sorted(pixels.reshape(10, -1).tolist())


def test_the_image_that_differs_is_named(tmp_path):
    save(tmp_path, "L", (4, 5), ["a.png", "b.png"])
    save(tmp_path, "L", (5, 4), ["c.png"])
    with pytest.raises(DataError, match=r"c\.png is of shape \(5, 4, 1\).*a\.png of \(4, 5, 1\)"):
        image_files(tmp_path)
    save(tmp_path, "RGB", (4, 5, 3), ["c.png"])
    with pytest.raises(DataError, match=r"c\.png is of shape \(4, 5, 3\)"):
        image_files(tmp_path)
    save(tmp_path, "RGBA", (4, 5, 4), ["c.png"])
    with pytest.raises(DataError, match=r"c\.png has the color mode RGBA: convert"):
        image_files(tmp_path)
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes()[:-30])
    with pytest.raises(DataError, match=r"c\.png is not a readable image"):
        image_files(tmp_path)


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(DataError, match=r"holds no image \(\.bmp, "):
        image_files(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        image_files(tmp_path / "gone")


def test_an_array_file_is_not_called_a_missing_folder(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 4, 5), dtype=np.uint8))
    with pytest.raises(DataError, match=r"x\.npy is a file; give a folder of images or an \.npz"):
        image_files(tmp_path / "x.npy")
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    with pytest.raises(DataError, match=r"x\.npz is a single array: save it with np\.savez"):
        image_files(tmp_path / "x.npz")


def test_one_image_is_too_few_for_three_parts(tmp_path):
    save(tmp_path, "L", (4, 5), ["a.png"])
    with pytest.raises(DataError, match=r"^1 example is too few for a training, validation and test part: give more$"):
        image_files(tmp_path)


def test_an_npz_that_cannot_be_opened_is_named_once_with_the_reason(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    for name, reason in [("folder.npz", "Is a directory"), ("gone.npz", "No such file or directory")]:
        with pytest.raises(DataError) as caught:
            image_files(tmp_path / name)
        assert str(caught.value) == f"data.path={tmp_path / name} cannot be read: {reason}"


def test_an_npz_of_images_is_read_with_or_without_channels(tmp_path):
    gray = np.random.default_rng(0).integers(0, 256, (10, 4, 5), dtype=np.uint8)
    np.savez(tmp_path / "gray.npz", images=gray)
    np.savez(tmp_path / "color.npz", images=np.stack([gray] * 3, axis=-1), labels=np.arange(10) % 2)
    assert image_files(tmp_path / "gray.npz").codec.space.shape == (4, 5, 1)
    assert image_files(tmp_path / "color.npz").codec.space.shape == (4, 5, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros(3)}, "needs an array `images`, holds x"),
        ({"images": np.zeros((3, 4, 5))}, "`images` is float64"),
        ({"images": np.zeros((3, 4), dtype=np.uint8)}, r"of shape \(3, 4\)"),
        ({"images": np.zeros((3, 4, 5), dtype=np.uint8), "labels": [0]}, "`labels` is of shape"),
        ({"images": np.zeros((3, 4, 5), dtype=np.uint8), "groups": [0]}, "`groups` is of shape"),
        ({"images": np.zeros((9, 4, 4, 5), dtype=np.uint8)}, r"of shape \(9, 4, 4, 5\).* 1 or 3 channels"),
        ({"images": np.zeros((0, 4, 5), dtype=np.uint8)}, r"of shape \(0, 4, 5\)"),
        ({"images": np.array([{}])}, r"a\.npz: images are Python objects: save them as uint8"),
        (
            {"images": np.zeros((2, 4, 5), dtype=np.uint8), "labels": np.array(["cat", 2], dtype=object)},
            r"a\.npz: labels are Python objects: save them as integers or fixed-width text",
        ),
    ],
)
def test_an_npz_of_something_else_is_refused(arrays, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        image_files(tmp_path / "a.npz")


def test_images_of_one_folder_stay_in_one_part(tmp_path):
    pixels = save(tmp_path, "L", (4, 5), [f"{i % 6}/{i}.png" for i in range(30)])
    folder = {image.tobytes(): i % 6 for i, image in enumerate(pixels)}
    for parts in [image_files(tmp_path, groups="folder"), *(fold_of(tmp_path, i, groups="folder") for i in range(4))]:
        found = [{folder[x.numpy().tobytes()] for x in part} for part in (parts.train, parts.validation, parts.test)]
        assert all(found)
        assert len(set.union(*found)) == sum(map(len, found))
    apart = image_files(tmp_path)
    assert {folder[x.numpy().tobytes()] for x in apart.train} >= {folder[x.numpy().tobytes()] for x in apart.test}


def fold_of(path, number: int, **options):
    return ImageFiles(path=str(path), **{"levels": 256, "test": 0.2, **SPLIT, **options}).load(Fold(number, 4))


def test_an_npz_names_its_groups_itself(tmp_path):
    images = np.arange(30, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(2, 2)
    np.savez(tmp_path / "a.npz", images=images, groups=np.arange(30) % 5)
    parts = image_files(tmp_path / "a.npz")
    groups = [set((part[:, 0] % 5).tolist()) for part in (parts.train, parts.validation, parts.test)]
    assert sorted(group for side in groups for group in side) == [0, 1, 2, 3, 4]
    with pytest.raises(ConfigError, match=r"data\.groups=folder: .*a\.npz is no folder; .* an array `groups`"):
        image_files(tmp_path / "a.npz", groups="folder")


def test_the_files_that_are_read_include_the_folders_that_may_gain_some(tmp_path):
    save(tmp_path, "L", (4, 5), ["0/a.png", "1/b.png"])
    source = ImageFiles(path=str(tmp_path), levels=256, test=0.2, **SPLIT)
    assert source.paths() == [tmp_path / name for name in (".", "0", "1", "0/a.png", "1/b.png")]
    assert all(path.is_file() for path in Digits(levels=17, test=0.2, **SPLIT).paths())


def test_labels_and_groups_are_data_too(tmp_path):
    images, names = np.zeros((30, 4, 5), dtype=np.uint8), np.arange(30) % 5
    checksums = []
    for values in (names, 4 - names, names.astype(str)):
        for arrays in ({"labels": values}, {"groups": values}, {"labels": values, "groups": values}):
            np.savez(tmp_path / "a.npz", images=images, **arrays)
            checksums.append(image_files(tmp_path / "a.npz").checksum)
    assert len(set(checksums)) == 9


def test_folders_are_other_groups_by_their_names_and_not_by_where_they_lie(tmp_path):
    for name in ("here/a", "here/b", "there/a", "there/b", "other/a", "other/c"):
        (tmp_path / name).mkdir(parents=True)
        Image.fromarray(np.zeros((4, 5), dtype=np.uint8)).save(tmp_path / name / "0.png")
    here, there, other = (
        image_files(tmp_path / name, groups="folder", validation=0.0) for name in ("here", "there", "other")
    )
    assert here.checksum == there.checksum != other.checksum
    assert here.checksum != image_files(tmp_path / "here", validation=0.0).checksum


def test_the_cifar10_subset_has_its_share_of_every_label(shared_data):
    path = shared_data / "cifar10_subset" / "train.npz"
    if not path.exists():
        pytest.skip(f"no {path}")
    parts = image_files(path)
    assert parts.codec.space.shape == (32, 32, 3)
    with np.load(path) as arrays:
        label = {image.tobytes(): label for image, label in zip(arrays["images"], arrays["labels"], strict=True)}
    counts = np.bincount([label[image.tobytes()] for image in parts.test.numpy()])
    assert counts.tolist() == [40] * 10
