"""Datasets to score: parts of the run's own data, and outliers that are coded as the run codes its data."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.data.batches import windows
from ar_lab.data.parts import Parts, fixed_subset
from ar_lab.errors import ConfigError, did_you_mean
from ar_lab.evaluation.anomaly.nulls import null_examples
from ar_lab.tasks.raw import coded, data_choices, left_out, raw_of, raw_test

NULLS = 500  # examples of every null dataset, at most


class Dataset(NamedTuple):
    """Coded examples, which ones of all that there are, and whether they are a null dataset."""

    x: Shaped[Tensor, "examples dims"]
    index: Int64[np.ndarray, " examples"]
    null: bool = False


def examples_of(parts: Parts, name: str, count: int) -> Dataset:
    """At most `count` examples of a part, the same ones every time; of text, windows as long as the context."""
    if not parts.is_stream:
        return chosen(getattr(parts, name), count)
    dims = parts.codec.space.dims
    return chosen(windows(getattr(parts, name), dims, parts.seams.get(name, [])), count)


def chosen(x: Shaped[Tensor, "all dims"], count: int) -> Dataset:
    index = fixed_subset(x, count, x.shape[1])
    return Dataset(x[index], index.numpy())


def datasets(parts: Parts, config: dict[str, Any]) -> dict[str, Dataset]:
    """`test`, what `task.outliers` names, and the null datasets.

    Raises:
        ConfigError: for outliers that do not exist, or that are no examples of the run's space.
    """
    count, codec = config["task"]["examples"], parts.codec
    found = {"test": examples_of(parts, "test", count)}
    for name in config["task"]["outliers"] or []:
        key = Path(name).name
        if key in found:
            raise ConfigError(f"task.outliers: two datasets are called {key}; rename one, or score them apart")
        found[key] = chosen(outliers(name, codec, config), count)
    nulls = null_examples(codec.space, parts.train, found["test"].x, min(count, NULLS), config["seed"])
    return found | {name: chosen(x, count)._replace(null=True) for name, x in nulls.items() if name not in found}


def outliers(name: str, codec: Codec, config: dict[str, Any]) -> Shaped[Tensor, "all dims"]:
    """The examples of a data config's test part, of a path, or those that `data.only` left out."""
    choices = data_choices()
    if name == "others":
        raw = left_out(config)
    elif name in choices:
        raw = raw_test(choices[name], codec, config["data"])
    elif (path := Path(name).expanduser()).exists():
        raw = raw_of(path, codec, config["data"].get("label"))
    else:
        known = [*choices, "others"]
        remedy = did_you_mean(name, known) or f"; the data configs are {', '.join(choices)}"
        raise ConfigError(f"task.outliers={name}: no data config and no file{remedy}")
    return coded(raw, codec, f"task.outliers={name}")
