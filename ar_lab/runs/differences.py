"""How two configs differ, key by key, but for where things lie."""

from typing import Any

# What may differ between two equal runs: where they are, how they were started, where the data lies, who is
# told, and how many more like them there are.
PLACES = ("hydra", "run", "output", "sweep", "launcher", "logger", "data.root", "data.cache", "cv.repeats")


def difference(config: dict[str, Any], other: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """The first key in which two configs differ but for PLACES, with both values; None when they are equal."""
    ours, theirs = flatten(config), flatten(other)
    for key in dict.fromkeys((*ours, *theirs)):
        if not is_place(key) and ours.get(key) != theirs.get(key):
            return key, ours.get(key), theirs.get(key)
    return None


def is_place(key: str) -> bool:
    """Whether a key of a config may differ between two equal runs."""
    return any(key == place or key.startswith(place + ".") for place in PLACES)


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
