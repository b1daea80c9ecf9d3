"""The command as a person meets it: a line goes in; an exit code, standard output and standard error come out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ar_lab.__main__ import config_directory, main
from ar_lab.schema.check import check


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[..., Answer]:
    """Runs one line in this process, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AR_LAB_TRUST", raising=False)
    monkeypatch.delenv("AR_LAB_CONFIGS", raising=False)

    def run(*argv: str) -> Answer:
        capfd.readouterr()
        try:
            code = main(list(argv))
        except SystemExit as ended:
            code = ended.code
        return Answer(code, *capfd.readouterr())

    return run


def composed(*overrides: str) -> dict[str, Any]:
    """The checked config of a line."""
    with initialize_config_dir(str(config_directory()), version_base="1.3"):
        config = compose("config", list(overrides))
    return check(OmegaConf.to_container(config, resolve=True))


@pytest.fixture(name="composed")
def composed_fixture() -> Callable[..., dict[str, Any]]:
    return composed
