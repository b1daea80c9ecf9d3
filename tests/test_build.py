"""Config nodes become objects only through the allowlist, and only the classes that a module itself defines."""

import pytest
import torch
from omegaconf import OmegaConf

from ar_lab import build as building
from ar_lab.__main__ import config_directory
from ar_lab.build import build, build_likelihood, build_model, build_source, partial, resolve
from ar_lab.errors import ConfigError
from ar_lab.models.charrnn import CharRNN
from ar_lab.schema.sections import CHOICES
from ar_lab.space import Space

BINARY = Space("image", (4, 4, 1), 2)
GRAY = Space("image", (4, 4, 1), 6)
REAL = Space("vector", (5,), None)


def node(choice: str, **changes) -> dict:
    return OmegaConf.to_container(OmegaConf.load(config_directory() / f"{choice}.yaml")) | changes


TARGETS = sorted({target for section in CHOICES.values() for target in section} - {"auto", "none"})


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_that_the_check_lets_through_is_a_class(target):
    assert isinstance(resolve(target), type)


@pytest.mark.parametrize(
    "target",
    [
        "builtins.open",
        "torch.load",
        "torch.hub.load",
        "torch.optim.Optimizer",
        "ar_lab.models.charrnn.torch.hub.load",  # traversal through an import of ours
        "ar_lab.models.charrnn.Network",  # imported there, defined elsewhere
        "ar_lab.models.charrnn.nn",
        "ar_lab.models.nowhere.Nothing",
        "ar_lab.models.charrnn.Nothing",
        "ar_lab.optimizers.parameter_groups",  # a function
        "ar_lab.optimizers.Muon",
        "ar_lab.runs.Run",
        "ar_lab.models",
        "models.charrnn.CharRNN",
        "..charrnn.CharRNN",
        "",
    ],
)
def test_everything_else_is_refused(target):
    with pytest.raises(ConfigError, match="_target_="):
        resolve(target)


def test_a_trusted_package_gives_what_it_defines_and_nothing_it_imported(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("")
    (tmp_path / "mine" / "nets.py").write_text("from os import system\nimport torch\nclass Net:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="AR_LAB_TRUST"):
        resolve("mine.nets.Net")
    monkeypatch.setenv("AR_LAB_TRUST", "other, mine")
    assert resolve("mine.nets.Net").__name__ == "Net"
    for target in ("mine.nets.system", "mine.nets.torch.load", "mine.nets.torch", "mineral.nets.Net"):
        with pytest.raises(ConfigError, match="_target_="):
            resolve(target)


@pytest.mark.parametrize(("space", "name"), [(BINARY, "bernoulli"), (GRAY, "categorical"), (REAL, "gaussian_mixture")])
def test_auto_picks_the_likelihood_by_the_space_and_says_which(space, name):
    likelihood, chosen = build_likelihood({"_target_": "auto"}, space)
    assert chosen == name
    assert type(likelihood).__module__ == f"ar_lab.likelihoods.{name}"


@pytest.mark.parametrize("space", [BINARY, GRAY])
def test_auto_picks_a_mixture_for_a_model_whose_channels_share_it(space):
    model = node("model/pixelcnn_pp", features=4)
    assert build_likelihood({"_target_": "auto"}, space, model)[1] == "logistic_mixture"
    built = build_model({"model": model, "likelihood": {"_target_": "auto"}}, space)
    assert built.network.head.components == built.likelihood.mixture
    plain = build_model(
        {"model": model, "likelihood": {"_target_": "ar_lab.likelihoods.categorical.Categorical"}}, GRAY
    )
    assert plain.network.outputs == 6


def test_a_likelihood_keeps_its_own_keys():
    assert build_likelihood(node("likelihood/gaussian_mixture", components=3), REAL)[0].components == 3


def test_a_model_is_a_network_of_the_space_with_as_many_outputs_as_the_likelihood_asks():
    model = build_model({"model": node("model/charrnn", hidden=8), "likelihood": {"_target_": "auto"}}, GRAY)
    assert model.space == GRAY
    assert model.network(torch.zeros(2, 16, dtype=torch.int64)).shape == (2, 16, 6)


class OwnPrior(CharRNN):
    def __init__(self, space: Space, outputs: int, prior: str):
        super().__init__(space, outputs, hidden=4)
        self.named = prior


def test_a_users_own_network_may_have_a_prior_of_its_own(monkeypatch):
    monkeypatch.setenv("AR_LAB_TRUST", __name__.partition(".")[0])
    own = {"_target_": f"{__name__}.OwnPrior", "name": "own", "prior": "laplace"}
    built = build_model({"model": own, "likelihood": {"_target_": "auto"}}, GRAY)
    assert built.network.named == "laplace"


def test_another_prior_than_an_ngram_is_refused():
    config = {"model": node("model/charrnn", prior="laplace"), "likelihood": {"_target_": "auto"}}
    with pytest.raises(ConfigError, match=r"model\.prior=laplace: must be ngram or null"):
        build_model(config, Space("sequence", (8,), 5))


def test_a_source_is_not_told_what_the_loader_and_the_trainer_are_told():
    assert build_source(node("data/digits", levels=2)).levels == 2


def test_an_optimizer_waits_for_its_parameters():
    weight = torch.nn.Parameter(torch.zeros(3))
    optimizer = partial(node("optimizer/sgd"))([{"params": [weight]}])
    assert optimizer.defaults["momentum"] == 0.9


def test_keys_that_a_constructor_lacks_are_named():
    with pytest.raises(ConfigError, match=r"Categorical: .*unexpected keyword argument 'componets'"):
        build({"_target_": "ar_lab.likelihoods.categorical.Categorical", "componets": 3}, space=GRAY)


def test_a_refusal_of_the_constructor_is_the_users_to_read():
    with pytest.raises(ConfigError, match="needs 2 levels, the data has 6"):
        build(node("likelihood/bernoulli"), space=GRAY)


def test_a_type_error_inside_a_constructor_stays_a_bug(monkeypatch):
    class Broken:
        def __init__(self, a):
            len(a)

    monkeypatch.setattr(building, "resolve", lambda target: Broken)
    with pytest.raises(TypeError, match="has no len"):
        build({"_target_": "x"}, a=1)
