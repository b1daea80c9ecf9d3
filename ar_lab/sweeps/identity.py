"""Identity: which job a config is, which configuration a job belongs to, and what a sweep is called."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from ar_lab.runs.differences import defining, is_place

# What tells the replicates of one configuration apart.
REPLICATES = ("seed", "cv.fold", "cv.repeat")
LONGEST_NAME = 60  # characters of a sweep's name before its hash


def job_id(config: dict[str, Any]) -> str:
    """A hash of all that defines a job: the resolved config but for the places in it."""
    return _digest(defining(config))


def configuration_id(config: dict[str, Any]) -> str:
    """A hash that the replicates of one configuration share: its folds, repeats and seeds."""
    return _digest({key: value for key, value in defining(config).items() if key not in REPLICATES})


def sweep_name(configs: Iterable[dict[str, Any]], overrides: Iterable[str]) -> str:
    """Models, data and a hash of the sorted overrides: the same line finds the same sweep, wherever it runs."""
    configs = list(configs)
    names = ["-".join(dict.fromkeys(config[part]["name"] for config in configs)) for part in ("model", "data")]
    defining = sorted(override for override in overrides if not is_place(key_of(override)))
    defining.append(configs[0]["sweep"]["strategy"])
    return f"{'_'.join(names)[:LONGEST_NAME]}_{_digest(defining)[:8]}"


def key_of(override: str) -> str:
    """The key of an override as a person writes it: `model` of `+model@x=y`."""
    return re.sub(r"^[+~]*|[@=].*$", "", override, flags=re.DOTALL).replace("/", ".")


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
