"""States put away and taken up again: dataclasses, which may hold one another, as plain containers of tensors."""

from dataclasses import is_dataclass, replace
from typing import Any


def plain(state: Any) -> dict[str, Any]:
    """The fields of a state, and of the states in it, by their names."""
    return {name: plain(value) if is_dataclass(value) else value for name, value in vars(state).items()}


def filled(like: Any, fields: dict[str, Any]) -> Any:
    """A state such as `like` with the fields that `plain` took from another one."""
    inner = {name: value for name, value in vars(like).items() if is_dataclass(value)}
    return replace(
        like, **{name: filled(inner[name], value) if name in inner else value for name, value in fields.items()}
    )
