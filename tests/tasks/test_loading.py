"""What every task begins with: the parts of the config's fold, and the stamps of the files they came from."""

import os
import sys
from pathlib import Path

import pytest
import torch

from ar_lab.build import build_model
from ar_lab.data.folds import Fold
from ar_lab.data.images import Digits
from ar_lab.errors import ConfigError
from ar_lab.evaluation.scoring import score_stream
from ar_lab.runs.files import stamps
from ar_lab.tasks.figures import figures
from ar_lab.tasks.loading import load_parts
from ar_lab.tasks.train import load_data
from tests.command.conftest import composed
from tests.tasks.conftest import QUICK, SMALL, result

FOLD = ["cv=kfold", "cv.fold=2"]
OWN = """
import torch
from ar_lab.codecs.image import ImageCodec
from ar_lab.data.parts import Parts, Source

X = torch.arange(80, dtype=torch.uint8).view(20, 4)

class Plain(Source):
    def load(self):
        return Parts(ImageCodec((2, 2, 1), 256, 256), X[:10], X[10:15], X[15:], "checksum")

class Folded(Source):
    def load(self, fold=None):
        return Parts(ImageCodec((2, 2, 1), 256, 256), X[:10], X[10:15], X[fold.number :], "checksum")
"""


def test_the_config_decides_the_fold_and_the_seed_of_the_training_does_not():
    plain, fold = load_parts(composed()), load_parts(composed(*FOLD))
    assert fold.digest == load_parts(composed(*FOLD, "seed=7")).digest == load_data(composed(*FOLD)).parts.digest
    expected = Digits(levels=17, validation=0.1, test=0.2, split_seed=0, fraction=1.0)
    assert (plain.digest, fold.digest) == (expected.load().digest, expected.load(Fold(2, 5)).digest)
    repeated = load_parts(composed(*FOLD, "cv.repeats=2", "cv.repeat=1", "cv.seed=3"))
    assert repeated.digest == expected.load(Fold(2, 5, 1, 3)).digest


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_with_folds.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AR_LAB_TRUST", "mine_with_folds")
    monkeypatch.delitem(sys.modules, "mine_with_folds", raising=False)


def mine(name: str, *line: str) -> dict:
    return {**composed(*line), "data": {"_target_": f"mine_with_folds.{name}", "name": "own"}}


def test_an_own_source_needs_to_know_folds_only_when_it_is_asked_for_one(own):
    parts = load_parts(mine("Plain"))
    nameless = {"hash": None, "validation_hash": None, "test_hash": None}
    assert parts.split == {"train": 10, "validation": 5, "test": 5, **nameless}
    assert parts.files is None
    assert len(load_parts(mine("Folded", *FOLD)).test) == 18
    with pytest.raises(ConfigError, match=r"cv=kfold: Plain\.load takes no fold; define load\(self, fold=None\)"):
        load_parts(mine("Plain", *FOLD))


def test_a_changed_file_has_another_stamp(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("to be or not to be " * 100)
    parts = load_parts(composed("data=text", f"data.path={file}", "data.context=16"))
    assert parts.files == stamps([file])
    os.utime(file, ns=(0, 0))
    assert parts.files != stamps([file])


@pytest.mark.parametrize("data", ["digits", "pydocs", "table"])
def test_data_that_come_with_a_package_have_files_too(data):
    files = load_parts(composed(f"data={data}")).files
    assert files and None not in files.values()


def test_a_run_records_its_fold_and_is_scored_on_it_again(lab, capfd):
    line = [*SMALL["charrnn"], *QUICK, "trainer.max_steps=1"]
    plain = lab(*line, "output=plain")
    assert [result(plain)[key] for key in ("fold", "repeat")] == [None, None]
    lab(*line, *FOLD, "launcher=basic", "output=sweep")
    [run] = Path("sweep").glob("*/result.json")
    found = result(run.parent)
    assert [found[key] for key in ("fold", "repeat")] == [2, 0]
    assert found["split"] == load_parts(composed(*FOLD)).split
    assert found["data_files"] == load_parts(composed()).files
    assert any("fold 2 of 5" in note for note in found["notes"])
    lab("task=evaluate", f"run={run.parent}")
    assert result(run.parent / "evaluate")["metrics"].items() >= found["metrics"].items()
    lab("task=evaluate", f"run={run.parent}", "cv.fold=3", code=2)
    assert "cv.fold=3: the run has 2, and its checkpoint depends on it" in capfd.readouterr().err
    run.write_text(run.read_text().replace(found["split"]["hash"], "0" * 64))
    lab("task=evaluate", f"run={run.parent}", code=2)
    assert "split otherwise now" in capfd.readouterr().err


def test_a_block_in_two_stretches_is_scored_from_the_start_of_each():
    fold = ["cv=kfold", "cv.repeats=2", "cv.repeat=1", "cv.fold=4"]
    config = composed("data=pydocs", "data.codec=bytes", *SMALL["charrnn"], *fold)
    parts = load_parts(config)
    first, second = parts.stretches("test")
    parts = type(parts)(**{**vars(parts), "test": torch.cat([first[-500:], second[:700]]), "seams": {"test": [500]}})
    model = build_model(config, parts.codec.space).eval()
    apart = torch.cat([score_stream(model, parts.codec, x, None, 1) for x in (first[-500:], second[:700])])
    figure = figures(model, parts, config)["test/nats_per_dim"]
    assert figure == float(apart.double().mean())
    assert figure != float(score_stream(model, parts.codec, parts.test, None, 1).double().mean())
