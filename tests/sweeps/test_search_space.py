"""The search space of a line: Hydra's own syntax becomes dimensions, and everything else is fixed."""

import pytest

from ar_lab.errors import ConfigError
from ar_lab.sweeps.search_space import Choice, Numbers, parse


def dimension(override: str):
    (found,) = parse([override]).dimensions
    return found


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("a.b=choice(64,128)", Choice("a.b", ("64", "128"))),
        ("model=charrnn,pixelcnn", Choice("model", ("charrnn", "pixelcnn"))),
        ("a=[1,2],[3]", Choice("a", ("[1,2]", "[3]"))),
        ("a=interval(1,8)", Numbers("a", 1.0, 8.0)),
        ("a=tag(log,interval(1e-4,1e-2))", Numbers("a", 1e-4, 1e-2, log=True)),
        ("a=int(interval(1,8))", Numbers("a", 1, 8, step=1)),
        ("a=int(tag(log,interval(1,64)))", Numbers("a", 1, 64, step=1, log=True)),
        ("a=range(1,8,2)", Numbers("a", 1, 7, step=2)),
        ("a=range(8,1,-2)", Numbers("a", 2, 8, step=2)),
        ("a=range(0,1,0.25)", Numbers("a", 0.0, 0.75, step=0.25)),
        ("+a=1,2", Choice("+a", ("1", "2"))),
    ],
)
def test_hydras_sweeps_are_dimensions(override, expected):
    found = dimension(override)
    assert found == expected
    if isinstance(expected, Numbers):
        assert isinstance(found.low, type(expected.low))  # which decides whether integers are drawn


def test_what_is_not_swept_is_fixed_and_the_last_of_two_counts():
    space = parse(["cv=kfold", "a=1,2", "b=3", "b=4", "c=1,2", "c=7"])
    assert space.fixed == ("cv=kfold", "b=4", "c=7")
    assert [found.key for found in space.dimensions] == ["a"]
    assert space.overrides({"a": "2"}) == ["cv=kfold", "b=4", "c=7", "a=2"]


def test_probes_have_every_choice_and_both_ends_of_every_interval():
    space = parse(["a=x,y,z", "b=interval(0.5,2)", "c=5"])
    probed = {override for probe in space.probes() for override in probe}
    assert probed == {"c=5", "a=x", "a=y", "a=z", "b=0.5", "b=2.0"}
    assert all(len(probe) == 3 for probe in space.probes())


@pytest.mark.parametrize(
    ("line", "size"),
    [(["a=1,2", "b=range(0,10,3)"], 8), (["a=1,2", "b=interval(0,1)"], None), (["a=int(interval(1,3))"], 3)],
)
def test_a_space_knows_how_many_points_it_has(line, size):
    assert parse(line).size == size


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("a=1", "no search space"),
        ("cv.fold=choice(0,1)", "cross-validation"),
        ("cv=none,kfold", "cross-validation"),
        ("output=a,b", "does not change what is trained"),
        ("sweep.seed=0,1", "does not change what is trained"),
        ("seed=choice(0,1)", "seeds are replicates"),
        ("seed=int(interval(0,9))", "seeds are replicates"),
        ("task=train,sample", "does not change what is trained"),
        ("model=glob(*)", "by name"),
        ("a=interval(5,1)", "must be below"),
        ("a=interval(1,1)", "must be below"),
        ("a=tag(log,interval(0,1))", "above 0"),
        ("a=tag(log,range(1,9,2))", "step of 2"),
        ("a=tag(fast,interval(1,2))", "the one tag"),
        ("a=tag(log,choice(1,2))", "the one tag"),
        ("a=range(3,3)", "empty range"),
    ],
)
def test_what_cannot_be_searched_is_refused(override, reason):
    with pytest.raises(ConfigError, match=reason):
        parse([override])
