"""The mixture of Gaussians against torch's own, and at the edges of its parameters."""

import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal

from ar_lab.likelihoods.gaussian_mixture import SCALE_FLOOR, GaussianMixture, GaussianMixtureConditional
from ar_lab.space import Space

SPACE = Space("vector", (4,), None)


def conditional(count: int) -> GaussianMixtureConditional:
    generator = torch.Generator().manual_seed(0)
    params = torch.randn(count, 15, generator=generator, dtype=torch.float64)
    return GaussianMixture(SPACE, components=5).conditional(params)


def test_the_density_is_the_closed_form():
    ours = conditional(100)
    theirs = MixtureSameFamily(Categorical(logits=ours.logits), Normal(ours.means, ours.scales))
    x = torch.linspace(-10, 10, 100, dtype=torch.float64)
    torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x), rtol=0, atol=1e-12)


def test_the_distribution_function_is_the_closed_form():
    ours = conditional(100)
    theirs = MixtureSameFamily(Categorical(logits=ours.logits), Normal(ours.means, ours.scales))
    x = torch.linspace(-10, 10, 100, dtype=torch.float64)
    torch.testing.assert_close(ours.cdf(x), theirs.cdf(x), rtol=0, atol=1e-12)


def test_samples_follow_the_distribution_function():
    points = 4096
    ours = conditional(1)
    one = GaussianMixtureConditional(*(part.expand(points, -1) for part in (ours.logits, ours.means, ours.scales)))
    sample = one.sample((torch.arange(points, dtype=torch.float64) + 0.5) / points)
    theirs = MixtureSameFamily(Categorical(logits=ours.logits[0]), Normal(ours.means[0], ours.scales[0]))
    below = (sample.sort().values <= torch.linspace(-5, 5, 101, dtype=torch.float64).unsqueeze(-1)).double().mean(-1)
    expected = theirs.cdf(torch.linspace(-5, 5, 101, dtype=torch.float64))
    assert (below - expected).abs().max() <= 5 / points  # one count a component


def test_scales_have_a_floor():
    narrow = GaussianMixture(SPACE, components=1).conditional(torch.full((1, 3), -1e4, dtype=torch.float64))
    assert narrow.scales.item() == SCALE_FLOOR


def test_components_start_apart_and_in_order():
    means = GaussianMixture(SPACE, components=5).conditional(torch.zeros(1, 15)).means[0]
    torch.testing.assert_close(means, torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]))


def test_temperature_scales_the_variance_of_a_component():
    one = GaussianMixture(SPACE, components=1).conditional(torch.zeros(1, 3, dtype=torch.float64))
    torch.testing.assert_close(one.tempered(0.25).scales, one.scales / 2)


def test_temperature_is_exact_for_components_far_apart():
    parts = ([0.0, 1.0], [-1e6, 1e6], [0.1, 3.0])
    both = GaussianMixtureConditional(*(torch.tensor(part).double() for part in parts))
    x = torch.tensor([-1e6, 1e6]).double()
    difference = both.tempered(0.5).log_prob(x) - both.log_prob(x) / 0.5
    torch.testing.assert_close(difference[0], difference[1], rtol=0, atol=1e-9)
