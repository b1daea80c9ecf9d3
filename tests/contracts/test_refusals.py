"""What a network refuses is written down: a combination cannot drop out of the contract tests unnoticed."""

import pytest

from tests.contracts.registry import MODELS, SPACES, accepts, takes

# Per model the spaces, or pairs of space and likelihood, that it refuses.
REFUSED: dict[str, set] = {
    "logistic": {"real_vector"},
    "made": {"real_vector"},
    "nade": {"real_vector"},
    "ngram": {"real_vector"},
    "pixelcnn_pp": {"sequence", "real_vector", "level_vector"},
    "pixelsnail": {"sequence", "real_vector", "level_vector"},
}


@pytest.mark.parametrize("model", MODELS)
def test_a_model_refuses_exactly_what_is_written_down(model: str):
    refused = REFUSED.get(model, set())
    for name, space in SPACES.items():
        from_likelihoods = ["bernoulli", "categorical", "gaussian_mixture"]
        for likelihood in filter(lambda one: takes(one, space), from_likelihoods):
            expected = name in refused or (name, likelihood) in refused
            assert accepts(model, likelihood, space) == (not expected), (model, name, likelihood)
