"""Which names in a config may become objects: the allowlist, checked before anything is imported.

A run directory may come from anyone, so its config must not name what it likes (`builtins.open`, `torch.load`).
"""

import os
import re
from collections.abc import Iterator
from typing import Any

from ar_lab.errors import ConfigError

EXACT = {
    "optimizer": ("torch.optim.AdamW", "torch.optim.Adam", "torch.optim.SGD"),
    "trainer": ("pytorch_lightning.Trainer",),
    "logger": ("none", "pytorch_lightning.loggers.WandbLogger", "pytorch_lightning.loggers.TensorBoardLogger"),
    "likelihood": ("auto",),
}
# One class in one module of ours: nothing that the module itself imported can be reached through its name.
OWN = {
    "data": re.compile(r"ar_lab\.data\.\w+\.\w+"),
    "model": re.compile(r"ar_lab\.models\.\w+\.\w+"),
    "likelihood": re.compile(r"ar_lab\.likelihoods\.\w+\.\w+"),
    "optimizer": re.compile(r"ar_lab\.optimizers\.\w+"),
    "scheduler": re.compile(r"ar_lab\.schedules\.\w+"),
}
SECTIONS = tuple({**OWN, **EXACT})


def trusted_packages() -> list[str]:
    """The packages of the user's own that AR_LAB_TRUST names; never read from a config."""
    return [name.strip() for name in os.environ.get("AR_LAB_TRUST", "").split(",") if name.strip()]


def is_trusted(target: str) -> bool:
    return any(target.startswith(package + ".") for package in trusted_packages())


def is_allowed(section: str, target: str) -> bool:
    """Whether a target may stand in a section of the config."""
    own = OWN.get(section)
    return target in EXACT.get(section, ()) or bool(own and own.fullmatch(target)) or is_trusted(target)


def check_targets(config: dict[str, Any]) -> None:
    """Walks a whole config.

    Raises:
        ConfigError: for a `_target_` that is not allowed where it stands.
    """
    for path, target in _targets(config, ()):
        key = ".".join((*path, "_target_"))
        if len(path) != 1 or path[0] not in SECTIONS:
            raise ConfigError(f"{key}={target}: a _target_ stands only at the top of {', '.join(SECTIONS)}")
        if not isinstance(target, str) or not is_allowed(path[0], target):
            raise ConfigError(
                f"{key}={target}: not a {path[0]} of ar_lab; if the package is your own, name it in AR_LAB_TRUST"
            )


def _targets(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(node, dict):
        if "_target_" in node:
            yield path, node["_target_"]
        for key, value in node.items():
            yield from _targets(value, (*path, str(key)))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from _targets(value, (*path, str(i)))
