"""The run directory: made, found, read and written; what a run records of itself. No torch."""

from ar_lab.runs.directory import Run, create, find, is_run, make_unique, resume, write_atomically, write_json

__all__ = ["Run", "create", "find", "is_run", "make_unique", "resume", "write_atomically", "write_json"]
