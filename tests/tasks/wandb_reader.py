"""W&B's own reader of offline runs, which needs neither account nor network, as the oracle of tests."""

import json
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest


class Seen:
    """One offline run as W&B reads it back: its records, and what it makes of them. Each takes a process, if asked."""

    def __init__(self, path: Path):
        self.path = path

    @cached_property
    def records(self) -> dict[str, dict[str, Any]]:
        """The last record of every type."""
        found = map(json.loads, inspected("--json", str(self.path)).splitlines())
        return {record["type"]: record[record["type"]] for record in found}

    @cached_property
    def whole(self) -> dict[str, Any]:
        return json.loads(inspected("--summary", "--json", str(self.path)))

    @property
    def named(self) -> tuple[str, str | None, str | None]:
        """Name, group and job type."""
        run = self.records["run"]
        return run["display_name"], run.get("run_group"), run.get("job_type")

    @property
    def id(self) -> str:
        return self.records["run"]["run_id"]

    @property
    def exit_code(self) -> int:
        return self.records["exit"].get("exit_code", 0)

    @property
    def state(self) -> str:
        return self.whole["state"]

    @property
    def summary(self) -> dict[str, Any]:
        return self.whole["summary"]


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Import it where W&B is tested: nobody's key is found, and nothing goes online."""
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def seen(directory: Path) -> list[Seen]:
    """The runs that lie in a run directory or a sweep, oldest first."""
    return [Seen(path) for path in sorted((directory / "wandb").glob("offline-run-*"))]


def inspected(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
