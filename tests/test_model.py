"""The joint distribution: what is summed, what is kept, what a sample depends on."""

import pytest
import torch

from ar_lab.likelihoods.categorical import Categorical
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.space import Space


@pytest.fixture
def model() -> AutoregressiveModel:
    torch.manual_seed(0)
    space = Space("image", (3, 4, 1), 5)
    return AutoregressiveModel(CharRNN(space, 5, hidden=16), Categorical(space)).double().eval()


def noise_of(model, count, seed=0):
    return model.draw_noise(count, torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_the_joint_is_the_product_of_the_conditionals(model):
    x = model.sample(3, noise_of(model, 3))
    probabilities = model.likelihood.conditional(model.network(x)).pmf().gather(-1, x.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(model.log_prob(x), probabilities.log().sum(-1))
    torch.testing.assert_close(model.log_prob(x), -model.nll(x).sum(-1))


def test_noise_repeats_with_its_seed_and_lies_in_the_unit_interval(model):
    noise = noise_of(model, 100)
    assert noise.shape == (100, 12)
    assert noise.min() >= 0
    assert noise.max() < 1
    assert torch.equal(noise, noise_of(model, 100))
    assert not torch.equal(noise, noise_of(model, 100, seed=1))


def test_completing_keeps_what_is_known_and_samples_the_rest_given_it(model):
    noise, known = noise_of(model, 4), torch.arange(12) < 5
    sample = model.sample(4, noise)
    assert torch.equal(model.complete(sample, known, noise), sample)
    x = (sample + 1) % 5
    completed = model.complete(x, known, noise)
    assert torch.equal(completed[:, :5], x[:, :5])
    assert not torch.equal(completed[:, 5:], sample[:, 5:])


def test_a_known_hole_is_kept_as_well(model):
    noise, known = noise_of(model, 4), torch.arange(12) % 2 == 1
    x = torch.zeros(4, 12, dtype=torch.long)
    assert (model.complete(x, known, noise)[:, 1::2] == 0).all()


def test_a_temperature_near_zero_takes_the_likeliest_value(model):
    x = model.sample(4, noise_of(model, 4), temperature=1e-3)
    with torch.no_grad():
        likeliest = model.network(x).argmax(-1)
    assert torch.equal(x, likeliest)


def test_sampling_leaves_no_gradient_behind(model):
    assert not model.sample(2, noise_of(model, 2)).requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_stored_codes_are_cast_to_what_the_network_takes(model):
    assert model.cast(torch.zeros(2, 12, dtype=torch.uint8)).dtype == torch.int64
    space = Space("vector", (3,), None)
    likelihood = GaussianMixture(space)
    real = AutoregressiveModel(CharRNN(space, likelihood.outputs, hidden=8), likelihood)
    assert real.cast(torch.zeros(2, 3, dtype=torch.float64)).dtype == torch.float32
