"""Errors a person can act on: one line that says what is wrong, where, and what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches
from os import PathLike
from signal import Signals


class LabError(Exception):
    """A failure whose message is written for the user; the command prints it without a traceback."""

    exit_code = 1


class ConfigError(LabError):
    """The command or its configuration is wrong; found before anything was trained."""

    exit_code = 2


class DataError(LabError):
    """The data cannot be had, read or coded."""


class Occupied(LabError):
    """Another process holds the directory: nothing is to be written there."""


class ProcessKilled(LabError):
    """Another process of the run was killed; what there is of the run can be gone on with."""

    status = "killed"


class DivergenceError(LabError):
    """The loss stopped being a usable number."""


class NotCertified(LabError):
    """A proof about the trained model failed: its figures are no likelihoods."""


class Interrupted(BaseException):
    """A signal ended the command; with a `run`, one that can go on. No Exception, so that nothing swallows it."""

    def __init__(self, signum: int, run: str | PathLike[str] | None = None):
        self.exit_code = 128 + signum
        remedy = "" if run is None else f"; to go on: python -m ar_lab task=train run={run}"
        super().__init__(f"interrupted by {Signals(signum).name}{remedy}")


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The end of a message about a misspelt word: "; did you mean X?", or nothing when no choice resembles it."""
    close = get_close_matches(word, list(choices), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def no_such_key(key: str, siblings: Iterable[str]) -> str:
    """The message about a key that its parent does not have, with the one that was meant or else all there are."""
    parent, dot, name = key.rpartition(".")
    siblings = [sibling for sibling in siblings if sibling not in ("_target_", "hydra")]
    close = get_close_matches(name, siblings, n=1)
    if close:
        return f"{key}: no such key; did you mean {parent}{dot}{close[0]}?"
    return f"{key}: no such key; {parent or 'the config'} has {', '.join(siblings) or 'none'}"
