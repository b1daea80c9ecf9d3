"""The check itself: every section against its class, then the combinations; what is wrong in one line."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from ar_lab.errors import ConfigError, did_you_mean, no_such_key
from ar_lab.schema.combinations import conflicts
from ar_lab.schema.sections import CHOICES, CHOSEN, OWN, PLAIN, Run
from ar_lab.schema.targets import check_targets, is_trusted
from ar_lab.schema.trainer import SET_BY_TASK, TRAINER_ARGUMENTS
from ar_lab.schema.types import Section

Config = dict[str, Any]
SECTIONS = (*CHOICES, *PLAIN, *CHOSEN)

WORDS = {
    "missing": "missing; its value is needed",
    "int_type": "must be an integer",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "finite_number": "must be finite",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "string_pattern_mismatch": "must be letters, digits, '_', '-' and '.'",
    "string_too_short": "must not be empty",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}


def check(config: Config) -> Config:
    """The same config with integers where numbers are due made floats, and paths absolute.

    Raises:
        ConfigError: with one line that names every wrong key, its value, the bound and the remedy.
    """
    check_targets(config)
    checked, problems = {}, list(_unknown_sections(config))
    top = {key: value for key, value in config.items() if key in Run.model_fields}
    for key, schema in _schemas(config):
        try:
            checked[key] = _checked(config[key], schema)
        except ValidationError as error:
            problems += [_in_words((key, *e["loc"]), e, schema) for e in error.errors(include_url=False)]
    try:
        checked |= Run.model_validate(top).model_dump()
    except ValidationError as error:
        problems += [_in_words(e["loc"], e, Run) for e in error.errors(include_url=False)]
    problems += [] if problems else [*_trainer_arguments(checked["trainer"]), *conflicts(checked)]
    if problems:
        raise ConfigError("; ".join(dict.fromkeys(_of_older_runs(config.get("run"), problems))))
    return {key: checked[key] for key in config}


def _of_older_runs(run: str | None, problems: list[str]) -> list[str]:
    """The same, but all that is missing from the config of a run said once."""
    ending = f": {WORDS['missing']}"
    lacking = [problem.removesuffix(ending) for problem in problems if problem.endswith(ending)]
    if run is None or not lacking:
        return problems
    line = f"run={run}: lacks {', '.join(lacking)}, as a run of an earlier ar_lab does; use that one, or train it anew"
    return [line, *(problem for problem in problems if not problem.endswith(ending))]


def _unknown_sections(config: Config) -> Iterator[str]:
    known = [*SECTIONS, *Run.model_fields]
    for key in config:
        if key not in known:
            yield no_such_key(key, known)
    for key in SECTIONS:
        if not isinstance(config.get(key), dict):
            yield f"{key}: missing; --help lists what there is"


def _schemas(config: Config) -> Iterator[tuple[str, type[Section]]]:
    """The class of every section that is there."""
    for key in SECTIONS:
        if isinstance(config.get(key), dict):
            yield key, _schema(key, config[key])


def _schema(key: str, node: Config) -> type[Section]:
    if key in PLAIN:
        return PLAIN[key]
    if key in CHOSEN:
        by, choices = CHOSEN[key]
        return _choose(f"{key}.{by}", str(node.get(by)), choices)
    target = str(node.get("_target_"))
    if key in OWN and is_trusted(target):
        return OWN[key]
    return _choose(f"{key}._target_", target, CHOICES[key])


def _choose(key: str, chosen: str, choices: dict[str, type[Section]]) -> type[Section]:
    if chosen not in choices:
        raise ConfigError(f"{key}={chosen}: must be one of {', '.join(choices)}{did_you_mean(chosen, choices)}")
    return choices[chosen]


def _checked(node: Config, schema: type[Section]) -> Config:
    values = {key: value for key, value in node.items() if key != "_target_"}
    checked = schema.model_validate(values).model_dump()
    return {key: checked.get(key, value) for key, value in node.items()}


def _trainer_arguments(trainer: Config) -> Iterator[str]:
    for key in trainer:
        if key in SET_BY_TASK:
            yield f"trainer.{key}: ar_lab sets it itself; leave it out"
        elif key not in TRAINER_ARGUMENTS and key != "_target_":
            yield f"trainer.{key}: the Trainer has no such argument{did_you_mean(key, TRAINER_ARGUMENTS)}"


def _in_words(path: tuple[str | int, ...], error: Any, schema: type[Section]) -> str:
    """A pydantic error as `optimizer.lr=-1: must be greater than 0`."""
    while isinstance(path[-1], int):  # an entry of a list, which the command line gives as a whole
        path = path[:-1]
    key = ".".join(map(str, path))
    if error["type"] == "extra_forbidden":
        return no_such_key(key, schema.model_fields)
    if error["type"] == "missing":
        return f"{key}: {WORDS['missing']}"
    return f"{key}={_written(error['input'])}: {_bound(error)}"


def _bound(error: Any) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] == "literal_error":
        return "must be " + context["expected"].replace("'", "")
    words = WORDS.get(error["type"])
    return words.format(**context) if words else error["msg"]


def _written(value: Any) -> str:
    """As it would stand on the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
