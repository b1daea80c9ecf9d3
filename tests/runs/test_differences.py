"""Two runs are equal when nothing but places differs."""

from ar_lab.runs.differences import difference

CONFIG = {"model": {"name": "net"}, "data": {"name": "digits", "root": "a"}, "logger": {"x": 1}, "seed": 0}


def test_only_places_may_differ_between_equal_runs():
    moved = {**CONFIG, "data": {"name": "digits", "root": "b", "cache": "c"}, "output": "x", "run": "y", "logger": {}}
    assert difference(CONFIG, moved) is None
    assert difference(CONFIG, {**CONFIG, "seed": 1}) == ("seed", 0, 1)
    assert difference(CONFIG, {**CONFIG, "extra": {"key": 1}}) == ("extra.key", None, 1)
