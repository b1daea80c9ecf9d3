"""What is fitted is the closed form where there is one; draws have the gradients of the sums."""

import math

import pytest
import torch

from ar_lab.distributions.base import every_example
from ar_lab.distributions.gaussian_mixture import GaussianMixture
from ar_lab.distributions.markov import MarkovChain
from ar_lab.evaluation.divergence.definitions import DIVERGENCES
from ar_lab.evaluation.divergence.estimators import Samples, Sums
from ar_lab.evaluation.divergence.families import Tables, gaussian_near
from ar_lab.evaluation.divergence.fit import Fit, fit, settle
from ar_lab.space import Space

CHAIN = MarkovChain.random(Space("sequence", (4,), 2), 2, 1.0, 3)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def bimodal() -> GaussianMixture:
    """Two modes far apart on a line, one of them heavier."""
    weights, means = torch.tensor([0.6, 0.4]).double(), torch.tensor([[-4.0], [4.0]])
    return GaussianMixture(weights / weights.sum(), means, torch.ones(2, 1, 1))


@pytest.fixture(scope="module")
def gaussians(bimodal: GaussianMixture) -> dict[str, Fit]:
    sums = Sums(bimodal, 0)
    fits = {
        name: fit(name, sums, lambda start: gaussian_near(bimodal, False, generator(start)), 6, 60, 0.1)
        for name in DIVERGENCES
    }
    return settle(fits, sums)


def tables(objective: str, order: int) -> Tables:
    sums = Sums(CHAIN, 0)
    return fit(objective, sums, lambda start: Tables(CHAIN.space, order, generator(start)), 1, 60, 0.1).family


def test_forward_kl_matches_the_moments_of_p(gaussians: dict[str, Fit]):
    family = gaussians["forward_kl"].family
    mean = 0.6 * -4 + 0.4 * 4
    assert family.mean.item() == pytest.approx(mean, abs=1e-4)
    assert family.log_scale.exp().item() == pytest.approx(math.sqrt(1 + 16 - mean**2), abs=1e-4)


def test_reverse_kl_seeks_the_heavier_mode(gaussians: dict[str, Fit]):
    family = gaussians["reverse_kl"].family
    assert family.mean.item() == pytest.approx(-4, abs=0.02)
    assert family.log_scale.exp().item() == pytest.approx(1, abs=0.02)


def test_every_fit_is_the_least_in_its_own_divergence(bimodal: GaussianMixture, gaussians: dict[str, Fit]):
    sums = Sums(bimodal, 0)
    figures = {name: sums.figures(one.family) for name, one in gaussians.items()}
    for name in DIVERGENCES:
        least = min(found[name].value for found in figures.values())
        assert figures[name][name].value <= least + 1e-3 * max(least, 0.1), name


def test_a_fit_that_another_beats_begins_again_from_there(bimodal: GaussianMixture, gaussians: dict[str, Fit]):
    sums = Sums(bimodal, 0)
    poor = fit("js", sums, lambda start: gaussian_near(bimodal, False, generator(start)), 1, 1, 1e-6)
    worse = Fit("reverse_kl", gaussians["chi2"].family, "quadrature", [[0.0]], 0, True, 0.0)
    settled = settle({"js": poor, "reverse_kl": worse, "forward_kl": gaussians["reverse_kl"]}, sums)
    found = sums.figures(settled["reverse_kl"].family)["reverse_kl"].value
    assert found <= sums.figures(gaussians["reverse_kl"].family)["reverse_kl"].value + 1e-6


def test_forward_kl_of_a_factorized_family_is_the_product_of_marginals():
    x = every_example(CHAIN.space)
    p = CHAIN.log_prob(x).exp()
    marginals = [(p * x[:, i]).sum() for i in range(4)]
    found = tables("forward_kl", 0).logits.softmax(-1)[:, 0, 1]
    torch.testing.assert_close(found, torch.stack(marginals), rtol=0, atol=1e-5)


def test_forward_kl_of_markov_tables_is_the_conditionals_of_p():
    x = every_example(CHAIN.space)
    p = CHAIN.log_prob(x).exp()
    found = tables("forward_kl", 1).logits.softmax(-1)
    for i in range(1, 4):
        for before in range(2):
            given = p * (x[:, i - 1] == before)
            assert found[i, before, 1].item() == pytest.approx(float((given * x[:, i]).sum() / given.sum()), abs=1e-4)


@pytest.mark.parametrize("objective", DIVERGENCES)
def test_a_family_that_contains_p_comes_to_it(objective: str):
    found = Sums(CHAIN, 0).figures(tables(objective, 2))[objective].value
    assert found < (0.01 if objective == "tv" else 1e-5)  # total variation has a kink where it is least


@pytest.mark.parametrize("order", [0, 1, 3])
def test_tables_sum_to_one_and_draw_what_they_score(order: int):
    family = Tables(CHAIN.space, order, generator(0))
    q = family.log_prob(every_example(CHAIN.space)).exp()
    assert q.sum().item() == pytest.approx(1, abs=1e-12)
    drawn = family.sample(20_000, generator(1)) @ torch.tensor([8, 4, 2, 1])
    torch.testing.assert_close(drawn.bincount(minlength=16) / 20_000, q.detach(), rtol=0, atol=0.02, check_dtype=False)


@pytest.mark.parametrize("objective", DIVERGENCES)
def test_gradients_of_draws_are_those_of_exact_sums(objective: str):
    """By the score function, within five standard errors over repeated draws; chi2 by the mean of the ratio."""
    divergence, family = DIVERGENCES[objective], Tables(CHAIN.space, 1, generator(0))
    exact = torch.autograd.grad(Sums(CHAIN, 0).loss(divergence, family), family.logits)[0]
    samples = Samples(CHAIN, 0, 2000, 10)
    drawn = [torch.autograd.grad(samples.loss(divergence, family), family.logits)[0] for _ in range(12)]
    assert_same_mean(torch.stack(drawn), exact)


@pytest.mark.parametrize("objective", ["reverse_kl", "js", "hellinger", "tv"])
def test_reparametrized_gradients_are_those_of_quadrature(objective: str, bimodal: GaussianMixture):
    divergence, family = DIVERGENCES[objective], gaussian_near(bimodal, False, generator(0))
    parameters = (family.mean, family.log_scale)
    exact = torch.cat(torch.autograd.grad(Sums(bimodal, 0).loss(divergence, family), parameters))
    samples = Samples(bimodal, 0, 2000, 10)
    drawn = [torch.cat(torch.autograd.grad(samples.loss(divergence, family), parameters)) for _ in range(12)]
    assert_same_mean(torch.stack(drawn), exact)


def assert_same_mean(drawn: torch.Tensor, exact: torch.Tensor):
    error = drawn.std(0) / math.sqrt(len(drawn))
    assert ((drawn.mean(0) - exact).abs() <= 5 * error + 1e-3).all()
    assert exact.abs().max() > 1e-2


def test_estimates_are_the_exact_figures_within_their_errors():
    family = Tables(CHAIN.space, 1, generator(0))
    exact, estimates = Sums(CHAIN, 0).figures(family), Samples(CHAIN, 0, 10, 20_000).figures(family)
    for name, estimate in estimates.items():
        assert estimate.value == pytest.approx(exact[name].value, abs=5 * estimate.se), name
        assert 0 < estimate.se < 0.1 * exact[name].value + 0.01


def test_a_family_is_fitted_from_draws_alone(bimodal: GaussianMixture):
    samples = Samples(bimodal, 0, 128, 1000)
    found = fit("forward_kl", samples, lambda start: gaussian_near(bimodal, False, generator(start)), 1, 150, 0.3)
    assert found.how == "samples of P"
    assert found.family.mean.item() == pytest.approx(-0.8, abs=0.4)


@pytest.mark.parametrize("width, cut", [(0.8, False), (0.6, True)])
def test_a_chi_square_that_the_grid_cuts_short_is_not_passed_off_as_finite(width: float, cut: bool):
    """E_P[P/Q] of two Gaussians is infinite where Q is narrower than P by more than the square root of two."""
    p = GaussianMixture(torch.ones(1).double(), torch.zeros(1, 1).double(), torch.ones(1, 1, 1))
    family = gaussian_near(p, False, generator(0))
    with torch.no_grad():
        family.mean.zero_()
        family.log_scale.fill_(math.log(width))
    found = Sums(p, 0).figures(family)
    assert [name for name, figure in found.items() if figure.remark] == (["chi2"] if cut else [])
