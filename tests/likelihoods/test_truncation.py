"""Top-k and nucleus: which levels are left, and that they are a distribution again."""

import pytest
import torch

from ar_lab.likelihoods.bernoulli import BernoulliConditional
from ar_lab.likelihoods.categorical import CategoricalConditional
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture
from ar_lab.likelihoods.truncation import truncated
from ar_lab.space import Space
from tests.likelihoods.test_likelihoods import DISCRETE, LIKELIHOODS, params_of

PMF = torch.tensor([0.1, 0.4, 0.1, 0.3, 0.1], dtype=torch.float64)


def left(top_k=None, top_p=None, pmf=PMF):
    return truncated(CategoricalConditional(pmf.log()), top_k, top_p).pmf()


def test_the_likeliest_levels_are_left_and_renormalized():
    torch.testing.assert_close(left(top_k=2), torch.tensor([0, 4, 0, 3, 0]).double() / 7)
    torch.testing.assert_close(left(top_k=9), PMF)


def test_of_equally_likely_levels_the_lower_goes_first():
    assert left(top_k=3).nonzero().flatten().tolist() == [0, 1, 3]
    assert left(top_p=0.75).nonzero().flatten().tolist() == [0, 1, 3]


@pytest.mark.parametrize(("top_p", "levels"), [(1e-9, 1), (0.39, 1), (0.41, 2), (0.69, 2), (0.71, 3), (1.0, 5)])
def test_the_nucleus_is_the_fewest_levels_with_that_probability(top_p, levels):
    assert int((left(top_p=top_p) > 0).sum()) == levels


def test_levels_that_reach_the_probability_exactly_are_enough():
    assert left(top_p=0.5, pmf=torch.tensor([0.25, 0.5, 0.25])).tolist() == [0, 1, 0]


def test_the_nucleus_is_of_what_top_k_leaves():
    assert left(top_k=2, top_p=0.5).nonzero().flatten().tolist() == [1]
    assert left(top_k=2, top_p=0.6).nonzero().flatten().tolist() == [1, 3]


@pytest.mark.parametrize("noise", [0.0, 0.3, 1 - 2**-53])
def test_no_noise_draws_a_level_that_was_left_out(noise):
    for first in ([0.0, 0.3, 0.7], [0.7, 0.3, 0.0], [0.01, 0.98, 0.01]):
        conditional = truncated(CategoricalConditional(torch.tensor(first).log()), 2, 0.97)
        drawn = conditional.sample(torch.tensor(noise, dtype=torch.float64))
        assert conditional.pmf()[drawn] > 0


@pytest.mark.parametrize(("name", "space"), DISCRETE)
def test_every_discrete_likelihood_is_truncated_to_a_distribution(name, space):
    conditional = LIKELIHOODS[name](space).conditional(params_of(name, space, 2.0))
    pmf, cut = conditional.pmf(), truncated(conditional, 1, None)
    assert (cut.pmf() > 0).sum(-1).max() == 1
    assert torch.equal(cut.pmf().argmax(-1), pmf.argmax(-1))
    nucleus = truncated(conditional, None, 0.8).pmf()
    torch.testing.assert_close(nucleus.sum(-1), torch.ones_like(nucleus[..., 0]))
    assert (pmf * (nucleus > 0)).sum(-1).min() >= 0.8


def test_two_levels_are_truncated_as_many_are():
    coin = BernoulliConditional(torch.tensor([2.0, -2.0]))
    assert truncated(coin, 1, None).pmf().argmax(-1).tolist() == [1, 0]


def test_real_numbers_have_no_levels_to_rank():
    likelihood = GaussianMixture(Space("vector", (2,), None))
    conditional = likelihood.conditional(torch.zeros(2, likelihood.outputs))
    with pytest.raises(ValueError, match="real numbers"):
        truncated(conditional, 3, None)
