"""The parts of a config's data: what every task begins with."""

import inspect
from dataclasses import replace
from typing import Any

from ar_lab.build import build_source
from ar_lab.data.folds import Fold
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError
from ar_lab.runs import Run
from ar_lab.runs.files import stamps


def load_parts(config: dict[str, Any]) -> Parts:
    """The data's own parts, or under cross-validation those of the config's fold, with the stamps of their files.

    Raises:
        ConfigError: for a fold of a source that knows no folds.
    """
    source, fold = build_source(config["data"]), Fold.of(config["cv"])
    if fold is not None and "fold" not in inspect.signature(source.load).parameters:
        raise ConfigError(f"cv=kfold: {type(source).__name__}.load takes no fold; define load(self, fold=None)")
    paths = source.paths()
    before = None if paths is None else stamps(paths)  # not after: a file that changes from now on is another
    parts = source.load() if fold is None else source.load(fold)
    if before is not None and None in before.values():
        before = stamps(paths)  # load itself fetched what was not there
    return replace(parts, files=before)


def parts_of(run: Run, config: dict[str, Any]) -> Parts:
    """The parts that a run was trained on, by its config.

    Raises:
        ConfigError: when the data are no longer those of the run.
    """
    parts = load_parts(config)
    if difference := changed(parts, run.result):
        raise ConfigError(f"run={run.path}: {difference}; give the original ones, by data.root= or data.path=")
    return parts


def changed(parts: Parts, result: dict[str, Any]) -> str | None:
    """What tells the parts from those that a run's result is about, in a few words; None when nothing does."""
    then, split = result.get("data_checksum"), result.get("split", {})
    if then not in (None, parts.checksum):
        return f"the data are others now (checksum {parts.checksum[:12]}, then {then[:12]})"
    if parts.digest != split.get("hash", parts.digest):
        return f"the data are split otherwise now (hash {str(parts.digest)[:12]}, then {str(split['hash'])[:12]})"
    return None
