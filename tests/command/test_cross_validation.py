"""cv on the command line: what a fold may be, in one line each."""

import pytest

from ar_lab.errors import ConfigError

RIGHT = ["cv=kfold cv.fold=0", "cv=kfold cv.fold=4", "cv=kfold cv.fold=all", "cv=kfold cv.folds=2 cv.fold=1 cv.seed=9"]
WRONG = {
    "cv.fold=2": "cv.fold=2: needs cv=kfold",
    "cv.fold=0": "cv.fold=0: needs cv=kfold",
    "cv.fold=all": "cv.fold=all: needs cv=kfold",
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
