"""From a config node and run-time objects to an object: the only place where a `_target_` is imported and called."""

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

from ar_lab.data.parts import Source
from ar_lab.errors import ConfigError
from ar_lab.likelihoods.base import Likelihood
from ar_lab.model import AutoregressiveModel
from ar_lab.models.prior import under_prior
from ar_lab.schema.targets import EXACT, SECTIONS, is_allowed, is_trusted, trusted_packages
from ar_lab.space import Space

NOT_ARGUMENTS = ("_target_", "name")
OF_THE_PRIOR = ("prior", "prior_order")  # what a model section says of the n-gram under its network
# What a data section says to the DataModule and the trainer rather than to the source.
NOT_THE_SOURCES = ("batch_size", "epochs", "stream", "shift", "mutation")


def resolve(target: str) -> Callable[..., Any]:
    """The class that a `_target_` names.

    Raises:
        ConfigError: unless it is on the allowlist, exists, and is defined where its name says.
    """
    if not any(is_allowed(section, target) for section in SECTIONS):
        raise ConfigError(f"_target_={target}: not a part of ar_lab; name your own package in AR_LAB_TRUST")
    module_name, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"_target_={target}: cannot be imported ({error})") from error
    if not _is_defined_there(found, target, module_name):
        raise ConfigError(f"_target_={target}: not a class that {module_name} defines")
    return found


def _is_defined_there(found: Any, target: str, module_name: str) -> bool:
    if any(target in names for names in EXACT.values()):
        return isinstance(found, type)
    origin = getattr(found, "__module__", None) or ""
    if is_trusted(target):
        return callable(found) and any(f"{origin}.".startswith(f"{package}.") for package in trusted_packages())
    return isinstance(found, type) and origin == module_name


def arguments(node: dict[str, Any]) -> dict[str, Any]:
    """The keys of a config node that are constructor arguments."""
    return {key: value for key, value in node.items() if key not in NOT_ARGUMENTS}


def build(node: dict[str, Any], **runtime: Any) -> Any:
    """Calls the class of a node with the node's values and the run-time objects.

    Raises:
        ConfigError: when the target is refused, or its constructor refuses the values.
    """
    target, values = resolve(node["_target_"]), {**arguments(node), **runtime}
    try:
        # Bound apart from the call, so that a TypeError inside the constructor stays what it is: a bug.
        inspect.signature(target).bind(**values)
    except TypeError as error:
        raise ConfigError(f"{node['_target_']}: {error}") from error
    try:
        return target(**values)
    except ValueError as error:
        raise ConfigError(f"{node['_target_']}: {error}") from error


def partial(node: dict[str, Any]) -> Callable[..., Any]:
    """The class of a node with the node's values bound, for what is built later (an optimizer wants parameters)."""
    return functools.partial(resolve(node["_target_"]), **arguments(node))


def build_source(data: dict[str, Any]) -> Source:
    """The source of raw objects that the `data` section describes."""
    return build({key: value for key, value in data.items() if key not in NOT_THE_SOURCES})


def build_likelihood(node: dict[str, Any], space: Space, model: dict[str, Any] | None = None) -> tuple[Likelihood, str]:
    """The likelihood and its name.

    `auto` picks by the space: bernoulli, categorical or gaussian_mixture; and logistic_mixture for a model whose
    channels can share one.
    """
    if node["_target_"] == "auto":
        shares = model is not None and _shares_mixtures(resolve(model["_target_"]))
        node = {"_target_": _likelihood_for(space, shares)}
    return build(node, space=space), node["_target_"].split(".")[-2]


def _likelihood_for(space: Space, shares: bool) -> str:
    if shares and space.discrete and space.kind == "image":
        return "ar_lab.likelihoods.logistic_mixture.LogisticMixture"
    if not space.discrete:
        return "ar_lab.likelihoods.gaussian_mixture.GaussianMixture"
    if space.levels == 2:
        return "ar_lab.likelihoods.bernoulli.Bernoulli"
    return "ar_lab.likelihoods.categorical.Categorical"


def build_model(config: dict[str, Any], space: Space) -> AutoregressiveModel:
    """The network and likelihood of a config, multiplied by the chain rule over a space."""
    node = config["model"]
    likelihood, _ = build_likelihood(config["likelihood"], space, node)
    made = resolve(node["_target_"])
    named = inspect.signature(made).parameters  # a user's own network may have a prior of its own
    of_prior = {key: node[key] for key in OF_THE_PRIOR if key in node and key not in named}
    own = {key: value for key, value in node.items() if key not in of_prior}
    network = build(own, space=space, **asked_by(likelihood, made))
    try:
        network = under_prior(network, **of_prior)
    except ValueError as error:
        raise ConfigError(f"model.{error}") from error
    return AutoregressiveModel(network, likelihood)


def asked_by(likelihood: Likelihood, network: Callable[..., Any]) -> dict[str, Any]:
    """What a likelihood asks of a network's constructor: its outputs, and a shared mixture if that can have one."""
    mixture = {"mixture": likelihood.mixture} if _shares_mixtures(network) else {}
    return {"outputs": likelihood.outputs, **mixture}


def _shares_mixtures(network: Callable[..., Any]) -> bool:
    return "mixture" in inspect.signature(network).parameters
