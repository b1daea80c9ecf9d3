"""The discretized mixture of logistics against its formula, at the edges of its parameters and of the levels."""

import pytest
import torch
from torch import Tensor

from ar_lab.layers.logistic import LOG_SCALE_FLOOR, logistics
from ar_lab.likelihoods.logistic_mixture import LogisticMixture
from ar_lab.space import Space


def pmf_by_the_formula(params: Tensor, levels: int) -> Tensor:
    """Differences of CDFs, as section 2.1 of the paper writes them, edge by edge."""
    logits, means, log_scales = logistics(params)
    edges = (2 * torch.arange(1, levels, dtype=params.dtype) - levels) / (levels - 1)
    inner = torch.sigmoid((edges - means.unsqueeze(-1)) / log_scales.exp().unsqueeze(-1))
    cdf = torch.cat([torch.zeros_like(inner[..., :1]), inner, torch.ones_like(inner[..., :1])], dim=-1)
    return (torch.softmax(logits, -1).unsqueeze(-1) * cdf.diff(dim=-1)).sum(-2)


def drawn(count: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(count, 15, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("levels", [2, 3, 16, 256])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_the_pmf_is_the_papers(levels, scale):
    params = drawn(50, scale)
    conditional = LogisticMixture(Space("image", (1, 1, 1), levels)).conditional(params)
    torch.testing.assert_close(conditional.pmf(), pmf_by_the_formula(params, levels), rtol=0, atol=1e-12)


@pytest.mark.parametrize("levels", [2, 256])
@pytest.mark.parametrize("scale", [1.0, 10.0, 50.0])
def test_all_levels_together_have_probability_one(levels, scale):
    pmf = LogisticMixture(Space("vector", (1,), levels)).conditional(drawn(200, scale)).pmf()
    torch.testing.assert_close(pmf.sum(-1), torch.ones(200).double(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mean", [-1e4, -1.0, 0.0, 1.0, 1e4])
@pytest.mark.parametrize("log_scale", [-50.0, -7.0, 0.0, 50.0])
def test_every_level_keeps_a_finite_loss_and_gradient(dtype, mean, log_scale):
    levels = 256
    params = torch.tensor([0.0, mean, log_scale], dtype=dtype).repeat(levels, 1).requires_grad_()
    likelihood = LogisticMixture(Space("image", (1, 1, 1), levels), components=1)
    log_prob = likelihood.conditional(params).log_prob(torch.arange(levels))
    log_prob.sum().backward()
    assert log_prob.isfinite().all()
    assert params.grad.isfinite().all()


@pytest.mark.parametrize("levels", [2, 3, 100, 256])
def test_samples_are_the_quantiles_of_the_pmf(levels):
    likelihood, points = LogisticMixture(Space("image", (1, 1, 1), levels)), 512
    noise = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    for params in drawn(20, 3.0):
        conditional = likelihood.conditional(params.expand(points, -1))
        quantiles = torch.searchsorted(conditional.pmf()[0].cumsum(-1), noise).clamp(max=levels - 1)
        assert torch.equal(conditional.sample(noise), quantiles)


def test_half_precision_parameters_tell_all_levels_apart():
    params = torch.tensor([0.0, 0.1, LOG_SCALE_FLOOR], dtype=torch.bfloat16)
    conditional = LogisticMixture(Space("image", (1, 1, 1), 256), components=1).conditional(params)
    assert conditional.pmf().dtype == torch.float32
    torch.testing.assert_close(conditional.pmf().sum(), torch.tensor(1.0), rtol=0, atol=1e-5)


def test_symbols_without_an_order_are_refused():
    with pytest.raises(ValueError, match="sequence"):
        LogisticMixture(Space("sequence", (4,), 5))
