"""data.condition=true: every example goes with the label it had, in whichever part it lies."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from ar_lab import codecs
from ar_lab.data.folds import Fold
from ar_lab.data.images import Digits, ImageFiles
from ar_lab.errors import ConfigError, DataError

SHARES = {"validation": 0.2, "test": 0.2, "split_seed": 0, "fraction": 1.0}


def labeled(path, labels) -> ImageFiles:
    """Images whose every pixel is the image's number."""
    images = np.arange(20, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), dtype=np.uint8)
    np.savez(path / "images.npz", images=images, **({} if labels is None else {"labels": labels}))
    return ImageFiles(path=str(path / "images.npz"), levels=256, condition=True, **SHARES)


@pytest.mark.parametrize("fold", [None, Fold(1, 4, 0, 0)])
def test_every_example_keeps_its_label(tmp_path, fold):
    labels = np.array(["dog", "cat"])[np.arange(20) % 2]
    parts = labeled(tmp_path, labels).load(fold)
    assert parts.codec.space.classes == 2
    for name in ("train", "validation", "test"):
        x, given = parts.subset(name, 3)
        assert len(x) == len(given) == min(3, len(getattr(parts, name)))
        assert [parts.codec.classes[label] for label in given] == [labels[int(row[0])] for row in x]


def test_the_digits_have_ten_classes_and_their_codec_remembers_them():
    parts = Digits(levels=17, condition=True, **SHARES).load()
    assert parts.codec.space.classes == 10
    assert codecs.from_dict(parts.codec.to_dict()) == parts.codec
    known = {
        image.astype(np.uint8).tobytes(): label for image, label in zip(*load_digits(return_X_y=True), strict=True)
    }
    for x, label in zip(parts.test.numpy(), parts.labels["test"].tolist(), strict=True):
        assert known[x.tobytes()] == label


def test_without_condition_there_is_no_class():
    parts = Digits(levels=17, **SHARES).load()
    assert parts.codec.space.classes is None
    assert parts.labels == {}


def test_a_folders_classes_are_its_subfolders(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.fromarray(np.full((2, 2), number + 100 * (name == "dog"), np.uint8)).save(
                tmp_path / name / f"{number}.png"
            )
    parts = ImageFiles(path=str(tmp_path), levels=256, condition=True, **SHARES).load()
    assert parts.codec.classes == ("cat", "dog")
    assert ((parts.train[:, 0] >= 100).long() == parts.labels["train"]).all()


@pytest.mark.parametrize(("labels", "told"), [(None, "has no labels"), (np.zeros(20, int), "have the label 0")])
def test_nothing_to_be_conditioned_on_is_one_line(tmp_path, labels, told):
    with pytest.raises(DataError, match=rf"data\.condition=true: .*{told}"):
        labeled(tmp_path, labels).load()


def test_a_label_cannot_be_a_group():
    with pytest.raises(ConfigError, match=r"data\.groups=folder"):
        ImageFiles(path="anywhere", groups="folder", levels=256, condition=True, **SHARES)
