"""The run directory: made, claimed, found, read and written; what a run records of itself. No torch."""

from ar_lab.runs.directory import claimed, create, find, is_run
from ar_lab.runs.files import make_unique, stamps, write_atomically, write_json
from ar_lab.runs.run import Run, Standing

__all__ = [
    "Run",
    "Standing",
    "claimed",
    "create",
    "find",
    "is_run",
    "make_unique",
    "stamps",
    "write_atomically",
    "write_json",
]
