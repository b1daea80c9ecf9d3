"""Logistic regressions in a row are fitted to the maximum of the likelihood, which is known here in closed form."""

import pytest
import torch

from ar_lab.likelihoods.bernoulli import Bernoulli
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.logistic import Logistic
from ar_lab.space import Space
from tests.contracts.registry import enumerate_examples

BITS = Space("vector", (3,), 2)
COUNTS = torch.tensor([7, 2, 3, 5, 4, 4, 1, 6])  # of 000, 001 … 111


def fitted(space: Space, x: torch.Tensor) -> AutoregressiveModel:
    likelihood = Bernoulli(space) if space.levels == 2 else Categorical(space)
    model = AutoregressiveModel(Logistic(space, likelihood.outputs), likelihood).double()
    keys = {"max_iter": 500, "tolerance_grad": 1e-8, "tolerance_change": 0.0, "line_search_fn": "strong_wolfe"}
    optimizer = torch.optim.LBFGS(model.parameters(), **keys)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = model.nll(x).sum(-1).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    return model


@torch.no_grad()
def test_three_bits_are_fitted_to_the_frequencies_and_correlations_of_the_data():
    every = enumerate_examples(BITS)
    x = every.repeat_interleave(COUNTS, dim=0)
    with torch.enable_grad():
        model = fitted(BITS, x)
    joint = model.log_prob(every).exp()
    # One bit before it leaves a regression nothing to fall short of: the first two follow the frequencies.
    frequencies = COUNTS.view(4, 2).sum(1).double() / COUNTS.sum()
    torch.testing.assert_close(joint.view(4, 2).sum(1), frequencies, rtol=0, atol=1e-6)
    # The third has no term for both bits at once: at the maximum its residual is orthogonal to 1, x_1 and x_2.
    residual = x[:, 2] - model.likelihood.conditional(model.network(x)).pmf()[:, 2, 1]
    moments = residual @ torch.stack([torch.ones(len(x)), x[:, 0], x[:, 1]], dim=1).double() / len(x)
    assert moments.abs().max() < 1e-6


@torch.no_grad()
def test_two_symbols_are_fitted_to_their_frequencies():
    space = Space("sequence", (2,), 3)
    every = enumerate_examples(space)
    counts = torch.tensor([3, 1, 2, 5, 2, 1, 1, 4, 6])
    with torch.enable_grad():
        model = fitted(space, every.repeat_interleave(counts, dim=0))
    torch.testing.assert_close(model.log_prob(every).exp(), counts / counts.sum().double(), rtol=0, atol=1e-6)


def test_it_begins_uniform():
    model = AutoregressiveModel(Logistic(BITS, 1), Bernoulli(BITS))
    torch.testing.assert_close(model.log_prob(enumerate_examples(BITS)).exp(), torch.full((8,), 1 / 8))


@torch.no_grad()
def test_outputs_beyond_the_rank_share_it():
    torch.manual_seed(0)
    space = Space("image", (2, 3, 1), 9)
    network, x = Logistic(space, 9, rank=2), torch.randint(9, (200, 6))
    network.contributions.weight.normal_()
    logits = network(x) - network.head.bias
    assert [int(torch.linalg.matrix_rank(logits[:, i], rtol=1e-4)) for i in range(6)] == [0, 1, 2, 2, 2, 2]


def test_too_many_weights_are_refused_with_their_number():
    with pytest.raises(ValueError, match="1,207,959,552 weights for 12288 places, max_weights=200,000,000"):
        Logistic(Space("image", (64, 64, 3), 256), 256)


def test_real_numbers_are_refused():
    with pytest.raises(ValueError, match="a vector of real numbers"):
        Logistic(Space("vector", (3,), None), 3)
