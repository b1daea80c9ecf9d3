"""Every likelihood found in configs/ is one distribution, whatever numbers a network gives it."""

import pytest
import torch
from torch import Tensor

from ar_lab.likelihoods.base import DiscreteConditional
from ar_lab.space import Space
from tests.contracts.registry import LIKELIHOODS, takes

SPACES = [Space("image", (2, 2, 1), 2), Space("image", (2, 2, 1), 7), Space("vector", (4,), None)]
ALL = [(name, space) for name in LIKELIHOODS for space in SPACES if takes(name, space)]
DISCRETE = [(name, space) for name, space in ALL if space.discrete]
LAST_NOISE = {torch.float32: 1 - 2**-24, torch.float64: 1 - 2**-53}  # the greatest number below 1


def params_of(name: str, space: Space, scale: float, dtype: torch.dtype = torch.float64, count: int = 50) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    outputs = LIKELIHOODS[name](space).outputs
    return (scale * torch.randn(count, space.dims, outputs, generator=generator, dtype=torch.float64)).to(dtype)


def values_of(space: Space, count: int, dtype: torch.dtype) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if space.discrete:
        return torch.randint(space.levels, (count, space.dims), generator=generator)
    return torch.randn(count, space.dims, generator=generator, dtype=dtype)


@pytest.mark.parametrize(("name", "space"), ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("extreme", [-1e4, 1e4, "both"])
def test_absurd_parameters_keep_the_loss_and_its_gradient_finite(name, space, dtype, extreme):
    params = params_of(name, space, 1.0, dtype)
    params = (1e4 * params.sign() if extreme == "both" else torch.full_like(params, extreme)).requires_grad_()
    log_prob = LIKELIHOODS[name](space).conditional(params).log_prob(values_of(space, len(params), dtype))
    log_prob.sum().backward()
    assert log_prob.shape == params.shape[:-1]
    assert log_prob.isfinite().all()
    assert params.grad.isfinite().all()


@pytest.mark.parametrize(("name", "space"), ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("noise_dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_the_ends_of_the_noise_give_values_that_can_happen(name, space, dtype, noise_dtype, scale):
    params = params_of(name, space, scale, dtype)
    conditional = LIKELIHOODS[name](space).conditional(params)
    for end in (0.0, LAST_NOISE[noise_dtype]):
        sample = conditional.sample(torch.full(params.shape[:-1], end, dtype=noise_dtype))
        assert conditional.log_prob(sample).isfinite().all()
        if space.discrete:
            assert (conditional.pmf().gather(-1, sample.unsqueeze(-1)) > 0).all()


@pytest.mark.parametrize(("name", "space"), DISCRETE)
def test_the_pmf_is_what_the_loss_says(name, space):
    params = params_of(name, space, 3.0)
    conditional = LIKELIHOODS[name](space).conditional(params)
    assert isinstance(conditional, DiscreteConditional)
    for level in range(space.levels):
        x = torch.full(params.shape[:-1], level)
        torch.testing.assert_close(conditional.pmf()[..., level].log(), conditional.log_prob(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "space"), DISCRETE)
def test_samples_match_the_pmf_to_one_count(name, space):
    points = 4096
    params = params_of(name, space, 2.0, count=1)[0, :1].expand(points, -1)
    conditional = LIKELIHOODS[name](space).conditional(params)
    sample = conditional.sample((torch.arange(points, dtype=torch.float64) + 0.5) / points)
    counts = torch.bincount(sample, minlength=space.levels)
    assert (counts - points * conditional.pmf()[0]).abs().max() <= 1


@pytest.mark.parametrize(("name", "space"), DISCRETE)
@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_divides_the_log_probabilities(name, space, temperature):
    conditional = LIKELIHOODS[name](space).conditional(params_of(name, space, 1.0))
    expected = torch.softmax(conditional.pmf().log() / temperature, dim=-1)
    torch.testing.assert_close(conditional.tempered(temperature).pmf(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_refuses_the_data_it_is_not_for(name):
    refused = [space for space in SPACES if not takes(name, space)]
    assert refused
    for space in refused:
        with pytest.raises(ValueError, match=f"has {space.levels}" if space.discrete else "real numbers"):
            LIKELIHOODS[name](space)


def test_a_temperature_near_zero_draws_the_mode():
    logits = torch.tensor([1.0, 5.0, 2.0], dtype=torch.float64)
    conditional = LIKELIHOODS["categorical"](Space("sequence", (1,), 3)).conditional(logits)
    assert conditional.tempered(1e-300).sample(torch.tensor(0.7)) == 1
