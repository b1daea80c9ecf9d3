"""How two configs differ, key by key, but for where things lie."""

from typing import Any

# What may differ between two equal runs: where they are, how they were started, where the data lies, who is
# told, and how many more like them there are.
PLACES = ("hydra", "run", "output", "sweep", "launcher", "logger", "data.root", "data.cache", "cv.repeats")

# Keys that came after the first runs, with the values by which a run that lacks them is the same.
LATER = {
    "data.shift": 0,
    "data.mutation": 0.0,
    "data.only": None,
    "data.label": None,
    "learner.select": "best",
    "evaluation.curves": 500,
}


def difference(config: dict[str, Any], other: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """The first key in which two configs differ but for PLACES, with both values; None when they are equal."""
    ours, theirs = flatten(config), flatten(other)
    for key in dict.fromkeys((*ours, *theirs)):
        before, now = (flat.get(key, LATER.get(key)) for flat in (ours, theirs))
        if not is_place(key) and before != now:
            return key, before, now
    return None


def is_place(key: str) -> bool:
    """Whether a key of a config may differ between two equal runs."""
    return any(key == place or key.startswith(place + ".") for place in PLACES)


def defining(config: dict[str, Any]) -> dict[str, Any]:
    """What of a config tells it from others: neither places, nor what a run of an earlier ar_lab leaves unsaid."""
    said = {key: value for key, value in flatten(config).items() if not is_place(key)}
    return {key: value for key, value in said.items() if key not in LATER or value != LATER[key]}


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
