"""The mixture of Student's t against torch's and scipy's, and far out in its tails."""

import pytest
import torch
from scipy import stats
from torch.distributions import Categorical, MixtureSameFamily, StudentT

from ar_lab.likelihoods.student_mixture import FREEDOM_FLOOR, SCALE_FLOOR, StudentMixture, StudentMixtureConditional
from ar_lab.space import Space

SPACE = Space("vector", (4,), None)


def conditional(count: int) -> StudentMixtureConditional:
    generator = torch.Generator().manual_seed(0)
    params = torch.randn(count, 20, generator=generator, dtype=torch.float64)
    return StudentMixture(SPACE, components=5).conditional(params)


def single(freedom: float, scale: float = 1.0) -> StudentMixtureConditional:
    return StudentMixtureConditional(*(torch.tensor([v]).double() for v in (0.0, 0.0, scale, freedom)))


def test_the_density_is_the_closed_form():
    ours = conditional(100)
    theirs = MixtureSameFamily(Categorical(logits=ours.logits), StudentT(ours.freedom, ours.means, ours.scales))
    x = torch.linspace(-1e3, 1e3, 100, dtype=torch.float64)
    torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x), rtol=0, atol=1e-12)


def test_the_distribution_function_is_the_integral_of_the_density():
    ours, between = conditional(6), torch.linspace(-4, 4, 6, dtype=torch.float64)
    grid = between[:, None] + torch.linspace(-1, 0, 20_001, dtype=torch.float64)
    parts = (part[:, None] for part in (ours.logits, ours.means, ours.scales, ours.freedom))
    mass = torch.trapezoid(StudentMixtureConditional(*parts).log_prob(grid).exp(), grid)
    torch.testing.assert_close(ours.cdf(between) - ours.cdf(between - 1), mass, rtol=0, atol=1e-6)


def test_the_distribution_function_is_scipys():
    ours, x = conditional(100), torch.linspace(-20, 20, 100, dtype=torch.float64)
    cdf = torch.from_numpy(stats.t.cdf(x[:, None], ours.freedom, ours.means, ours.scales))
    torch.testing.assert_close(ours.cdf(x), (torch.softmax(ours.logits, -1) * cdf).sum(-1), rtol=0, atol=1e-12)


def test_samples_follow_the_distribution_function():
    points, ours = 4096, conditional(1)
    parts = (ours.logits, ours.means, ours.scales, ours.freedom)
    one = StudentMixtureConditional(*(part.expand(points, -1) for part in parts))
    sample = one.sample((torch.arange(points, dtype=torch.float64) + 0.5) / points)
    edges = torch.linspace(-20, 20, 101, dtype=torch.float64)
    below = (sample.sort().values <= edges.unsqueeze(-1)).double().mean(-1)
    cdf = torch.from_numpy(stats.t.cdf(edges.unsqueeze(-1), ours.freedom[0], ours.means[0], ours.scales[0]))
    expected = (torch.softmax(ours.logits[0], -1) * cdf).sum(-1)
    assert (below - expected).abs().max() <= 5 / points  # one count a component


def test_scales_and_degrees_of_freedom_have_a_floor():
    narrow = StudentMixture(SPACE, components=1).conditional(torch.full((1, 4), -1e4, dtype=torch.float64))
    assert narrow.scales.item() == SCALE_FLOOR
    assert narrow.freedom.item() == FREEDOM_FLOOR


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_value_far_out_keeps_a_finite_loss_and_gradient(dtype):
    params = torch.randn(3, 20, generator=torch.Generator().manual_seed(0), dtype=dtype).requires_grad_()
    log_prob = StudentMixture(SPACE).conditional(params).log_prob(torch.tensor([-1e12, 0.0, 1e12], dtype=dtype))
    log_prob.sum().backward()
    assert log_prob.isfinite().all()
    assert params.grad.isfinite().all()


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_is_exact_for_one_component(temperature):
    one, x = single(4.0, 0.7), torch.linspace(-30, 30, 101, dtype=torch.float64).unsqueeze(-1)
    tempered = one.tempered(temperature).log_prob(x)
    difference = tempered - one.log_prob(x) / temperature
    torch.testing.assert_close(difference, difference[:1].expand_as(difference), rtol=0, atol=1e-12)


def test_temperature_is_exact_for_components_far_apart():
    parts = ([0.0, 1.0], [-1e6, 1e6], [0.1, 3.0], [3.0, 50.0])
    both = StudentMixtureConditional(*(torch.tensor(part).double() for part in parts))
    x = torch.tensor([-1e6, 1e6]).double()
    difference = both.tempered(0.5).log_prob(x) - both.log_prob(x) / 0.5
    torch.testing.assert_close(difference[0], difference[1], rtol=0, atol=1e-9)


def test_a_temperature_that_leaves_no_density_is_refused():
    with pytest.raises(ValueError, match="below 4"):
        single(3.0).tempered(4.0)
