"""Errors a person can act on: one line that says what is wrong, where, and what would be right."""


class LabError(Exception):
    """A failure whose message is written for the user; the command prints it without a traceback."""

    exit_code = 1


class ConfigError(LabError):
    """The command or its configuration is wrong; found before anything was trained."""

    exit_code = 2


class DataError(LabError):
    """The data cannot be had, read or coded."""


class DivergenceError(LabError):
    """The loss stopped being a usable number."""
