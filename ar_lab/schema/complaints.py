"""What Hydra and OmegaConf complain about, in one line with the remedy."""

import re

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from ar_lab.errors import did_you_mean, no_such_key

EXTRAS = {"joblib": "parallel", "ray": "ray", "submitit": "slurm"}  # whose launcher is missing until they are installed


def in_one_line(error: HydraException | OmegaConfBaseException) -> str:
    """The complaint as one line."""
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(error, MissingConfigException) and error.options is not None:
        return _choice(error)
    if isinstance(error, OverrideParseException):
        return _override(error)
    if isinstance(cause, (ConfigAttributeError, ConfigKeyError)):
        return no_such_key(cause.full_key or str(cause.key), map(str, cause.parent_node or {}))
    if isinstance(cause, MissingMandatoryValue):
        return f"{cause.full_key}: missing; give it, as in {cause.full_key}=VALUE"
    if str(error).startswith("Ambiguous value"):
        return _several_values(str(error))
    return str(error) or str(cause)


def _choice(error: MissingConfigException) -> str:
    """A misspelt choice of a group, with the choices."""
    missing = error.missing_cfg_file or ""
    group, _, wrong = missing.rpartition("/") if missing.startswith("hydra/") else missing.partition("/")
    options = [option.removeprefix(f"{group}/") for option in error.options or ()]
    launcher = wrong.partition("_")[0]
    if group == "hydra/launcher" and launcher in EXTRAS:
        return f"launcher={launcher}: needs an extra: pip install 'ar-lab[{EXTRAS[launcher]}]'"
    if not options:
        return f"{group}={wrong}: no such {group}; there is none in the config directories"
    return f"{group}={wrong}: no such {group}; choose one of {', '.join(options)}{did_you_mean(wrong, options)}"


def _override(error: OverrideParseException) -> str:
    lines = [line.strip() for line in str(error).splitlines()[1:]]
    details = [line for line in lines if line.strip("^") and not line.startswith("See http")] or ["unquoted"]
    key = error.override.partition("=")[0]
    if key == error.override and re.fullmatch(r"\+*[\w./@]+", key):
        return f"{key}: write {key}=VALUE"
    return (
        f"{error.override}: not understood ({' '.join(details)}); write KEY=VALUE, "
        f"and quote special characters twice: '{key}=\"VALUE\"'"
    )


def _several_values(message: str) -> str:
    override = message.splitlines()[0].partition("'")[2].rstrip("'")
    key, _, values = override.partition("=")
    return f"{override}: several values; add -m for one run each, or write a list as '{key}=[{values}]'"
