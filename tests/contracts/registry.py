"""Every model and likelihood there is, found in configs/: a new YAML is tested the day it is written."""

import importlib
from collections.abc import Callable
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor

from ar_lab.build import asked_by
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Network
from ar_lab.models.prior import under_prior
from ar_lab.space import Space

CONFIGS = Path(__file__).parents[2] / "configs"


def found(group: str) -> dict[str, Callable]:
    """The constructors of a config group with the values of their YAML, by name."""
    constructors = {}
    for path in sorted((CONFIGS / group).glob("*.yaml")):
        keys = OmegaConf.to_container(OmegaConf.load(path))
        module, _, name = keys.pop("_target_").rpartition(".")
        keys.pop("name", None)
        keys.pop("defaults", None)  # what a model asks of other groups
        if module:  # `auto` names no class: it chooses among the others
            made = getattr(importlib.import_module(module), name)
            constructors[path.stem] = partial(composed, made, **keys) if "prior" in keys else partial(made, **keys)
    return constructors


def composed(make: Callable, *args, prior: str | None, prior_order: int, **values) -> Network:
    """A network under the prior that its values name."""
    return under_prior(make(*args, **values), prior, prior_order)


MODELS, LIKELIHOODS = found("model"), found("likelihood")

SMALLER = {"layers": 2, "width": 32, "heads": 2}  # a transformer
# Options that change how a network computes, tested beside the defaults of its YAML.
VARIANTS: dict[str, tuple[str, dict]] = {
    "charrnn_gru": ("charrnn", {"cell": "gru"}),
    "charrnn_rnn": ("charrnn", {"cell": "rnn", "layers": 2}),
    "logistic_of_rank_2": ("logistic", {"rank": 2}),
    "made_of_masks": ("made", {"masks": 3, "rank": 2}),
    "made_of_two_layers": ("made", {"hidden": [300, 200], "ordering": "random"}),
    "nade_of_rank_2": ("nade", {"rank": 2}),
    "charrnn_mingru": ("charrnn", {"cell": "mingru", "layers": 2, "hidden": 32}),
    "charrnn_ngrams": ("charrnn", {"ngrams": 3, "buckets": 64, "layers": 2, "hidden": 32}),
    "charrnn_prior": ("charrnn", {"prior": "ngram", "prior_order": 3}),
    "transformer_prior": ("transformer", {"prior": "ngram", "prior_order": 3, "layers": 1}),
    "transformer_modern": ("transformer", SMALLER | {"norm": "rmsnorm", "mlp": "swiglu"}),
    "transformer_window": ("transformer", SMALLER | {"window": 3, "mlp": "gelu", "qk_norm": False}),
    "transformer_ngrams": ("transformer", SMALLER | {"ngrams": 3, "buckets": 64, "tied": True}),
}
NETWORKS = MODELS | {name: partial(MODELS[model], **changes) for name, (model, changes) in VARIANTS.items()}

SPACES = {
    "sequence": Space("sequence", (12,), 5),
    "binary_image": Space("image", (4, 4, 1), 2),
    "gray_image": Space("image", (4, 5, 1), 6),
    "color_image": Space("image", (3, 3, 3), 4),
    "labeled_image": Space("image", (3, 4, 1), 3, classes=3),
    "real_vector": Space("vector", (6,), None),
    "level_vector": Space("vector", (6,), 3),
}

TINY = {  # small enough to list every example
    "sequence": Space("sequence", (3,), 3),
    "binary_image": Space("image", (2, 2, 1), 2),
    "color_image": Space("image", (2, 1, 2), 2),
    "labeled_image": Space("image", (2, 2, 1), 2, classes=2),
    "real_vector": Space("vector", (3,), None),
    "level_vector": Space("vector", (3,), 3),
}

LARGE = {  # large enough for the price of a step to show
    "sequence": Space("sequence", (64,), 5),
    "gray_image": Space("image", (8, 8, 1), 6),
    "color_image": Space("image", (5, 5, 3), 4),
    "real_vector": Space("vector", (30,), None),
}


class Case(NamedTuple):
    model: str
    likelihood: str
    space: Space

    def build(self, dtype: torch.dtype = torch.float64, seed: int = 0, **changes) -> AutoregressiveModel:
        """The model of this case in evaluation mode, away from its initial values, where paths may still be closed."""
        torch.manual_seed(seed)
        model = assembled(self.model, self.likelihood, self.space, **changes)
        model.network.estimate(draw(self.space, 40 + seed), labels(self.space, 40 + seed))
        with torch.no_grad():
            for parameter in model.network.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return model.to(dtype).eval()

    @property
    def keys(self) -> dict:
        """The keys of the model's config."""
        return NETWORKS[self.model].keywords

    @property
    def learns(self) -> bool:
        """Whether it has parameters for gradients to reach."""
        return any(True for _ in self.build().parameters())


def assembled(model: str, likelihood: str, space: Space, **changes) -> AutoregressiveModel:
    """Raises ValueError for what the likelihood or the network refuses."""
    chosen = LIKELIHOODS[likelihood](space)
    network: Network = NETWORKS[model](space, **asked_by(chosen, NETWORKS[model]), **changes)
    return AutoregressiveModel(network, chosen)


@cache
def takes(likelihood: str, space: Space) -> bool:
    """Whether the likelihood has conditionals for the variables of the space."""
    try:
        LIKELIHOODS[likelihood](space)
    except ValueError:
        return False
    return True


@cache
def accepts(model: str, likelihood: str, space: Space) -> bool:
    """Whether the three go together; `test_refusals` says which ones may not."""
    try:
        assembled(model, likelihood, space)
    except ValueError:
        return False
    return True


CARRIERS = ("charrnn", "pixelcnn", "pixelcnn_pp")  # networks that every likelihood is tested with
USUAL = ("bernoulli", "categorical", "gaussian_mixture")


def likelihoods_of(model: str, space: Space) -> list[str]:
    """All that go together, for a few networks; the others, to which one is but a number of outputs, have one each."""
    fitting = [likelihood for likelihood in LIKELIHOODS if accepts(model, likelihood, space)]
    return fitting if model in CARRIERS else [likelihood for likelihood in USUAL if likelihood in fitting][:1]


# Spaces that variants are tested on every time; on the others with the slow tests.
OF_VARIANTS = ("sequence", "color_image", "labeled_image")


def every_case(spaces: dict[str, Space]) -> pytest.MarkDecorator:
    """Parametrizes a test by every network and space that go together, and by every likelihood."""
    cases = [
        pytest.param(Case(model, likelihood, space), id=f"{model}-{name}-{likelihood}", marks=slowness(model, name))
        for model, (name, space) in product(NETWORKS, spaces.items())
        for likelihood in likelihoods_of(model, space)
    ]
    return pytest.mark.parametrize("case", cases)


def slowness(model: str, space: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if model in VARIANTS and space not in OF_VARIANTS else []


def draw(space: Space, count: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Examples without any structure."""
    generator = torch.Generator().manual_seed(1)
    if space.discrete:
        return torch.randint(space.levels, (count, space.dims), generator=generator)
    return torch.randn(count, space.dims, generator=generator, dtype=dtype)


def labels(space: Space, count: int) -> Tensor | None:
    """Labels in turn, for a space that has classes."""
    return None if space.classes is None else torch.arange(count) % space.classes


def enumerate_examples(space: Space) -> Tensor:
    """All examples of a small discrete space."""
    return torch.cartesian_prod(*[torch.arange(space.levels)] * space.dims)
