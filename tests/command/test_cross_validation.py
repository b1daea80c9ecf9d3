"""cv on the command line: what a fold may be, in one line each."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ar_lab.errors import ConfigError
from ar_lab.schema.cv import WITHOUT_FOLDS

RIGHT = ["cv=kfold cv.fold=0", "cv=kfold cv.fold=4", "cv=kfold cv.fold=all", "cv=kfold cv.folds=2 cv.fold=1 cv.seed=9"]
WRONG = {
    "cv.fold=2": "cv.fold=2: needs cv=kfold",
    "cv.fold=0": "cv.fold=0: needs cv=kfold",
    "cv.fold=all": "cv.fold=all: needs cv=kfold",
    "cv.repeat=1": "cv.repeat=1: needs cv=kfold",
    "cv.repeats=2": "cv.repeats=2: needs cv=kfold",
    "cv.seed=4": "cv.seed=4: needs cv=kfold",
    "cv=kfold cv.fold=null": "cv.fold=null with cv.folds=5: use one of 0..4, or all",
    "cv=kfold cv.fold=5": "cv.fold=5 with cv.folds=5: fold counts from 0, so use 0..4",
    "cv=kfold cv.fold=-1": "cv.fold=-1: must be the number of a fold (0, 1, …), all, or null",
    "cv=kfold cv.fold=some": "cv.fold=some: must be the number of a fold (0, 1, …), all, or null",
    "cv=kfold cv.fold=true": "cv.fold=true: must be the number of a fold (0, 1, …), all, or null",
    "cv=kfold cv.fold=0 cv.folds=1": "cv.folds=1: must be at least 2",
    "cv=kfold cv.fold=0 cv.repeats=0": "cv.repeats=0: must be at least 1",
    "cv=kfold cv.fold=0 cv.repeats=2 cv.repeat=2": "cv.repeat=2 with cv.repeats=2: repeat counts from 0, so use 0..1",
    "cv=kfold cv.fold=0 cv.seed=-1": "cv.seed=-1: must be at least 0",
}


@pytest.mark.parametrize("line", RIGHT)
def test_a_fold_that_there_is_is_let_through(composed, line):
    assert composed(*line.split())["cv"]["folds"]


@pytest.mark.parametrize("line", WRONG)
def test_a_fold_that_there_is_not_is_one_line(composed, line):
    with pytest.raises(ConfigError) as caught:
        composed(*line.split())
    assert str(caught.value).startswith(WRONG[line])


def test_the_config_without_cross_validation_is_let_through_as_it_stands():
    plain = OmegaConf.to_container(OmegaConf.load(Path(__file__).parents[2] / "configs/cv/none.yaml"))
    assert plain == {"folds": None, **WITHOUT_FOLDS}
