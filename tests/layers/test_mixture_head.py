"""The conditionals of a pixel's channels multiply to the joint that the paper writes."""

import pytest
import torch
from torch import Tensor, nn

from ar_lab.layers.logistic import logistics
from ar_lab.layers.mixture_head import SharedMixtureHead
from ar_lab.likelihoods.logistic_mixture import LogisticMixture
from ar_lab.space import Space

FEATURES, COMPONENTS = 4, 3


def head_and_space(channels: int, levels: int) -> tuple[SharedMixtureHead, Space]:
    torch.manual_seed(0)
    space = Space("image", (1, 1, channels), levels)
    return SharedMixtureHead(space, FEATURES, COMPONENTS).double(), space


def joint_of_the_paper(raw: Tensor, x: Tensor, levels: int) -> Tensor:
    """Equations 2 and 3 for red, green and blue: sum_m pi_m P(r | m) P(g | m, r) P(b | m, r, g), by CDF differences."""
    pi = torch.softmax(raw[0], -1)
    means, log_scales, alpha, beta, gamma = raw[1:4], raw[4:7], *(torch.tanh(one) for one in raw[7:10])
    offset = logistics(torch.zeros(3 * COMPONENTS, dtype=torch.float64)).means
    r, g, _ = numbers = 2 * x.double() / (levels - 1) - 1
    centers = (means[0], means[1] + alpha * r, means[2] + beta * r + gamma * g)
    total = pi
    for c in range(3):
        mean, scale, half = centers[c] + offset, log_scales[c].exp(), 1 / (levels - 1)
        above = torch.sigmoid((numbers[c] + half - mean) / scale) if x[c] < levels - 1 else 1.0
        below = torch.sigmoid((numbers[c] - half - mean) / scale) if x[c] > 0 else 0.0
        total = total * (above - below)
    return total.sum()


@pytest.mark.parametrize("levels", [2, 4])
@torch.no_grad()
def test_three_conditionals_multiply_to_the_papers_joint(levels):
    head, space = head_and_space(3, levels)
    features = torch.randn(FEATURES, dtype=torch.float64)
    raw = head.out(nn.functional.elu(features)).unflatten(-1, (-1, COMPONENTS))
    pixels = torch.cartesian_prod(*[torch.arange(levels)] * 3)
    params = head(features.expand(len(pixels), -1), 2 * pixels.double() / (levels - 1) - 1)
    product = LogisticMixture(space, COMPONENTS).conditional(params).log_prob(pixels).sum(-1).exp()
    expected = torch.stack([joint_of_the_paper(raw, x, levels) for x in pixels])
    torch.testing.assert_close(product, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(product.sum(), torch.tensor(1.0).double(), rtol=0, atol=1e-12)


@torch.no_grad()
def test_a_channel_alone_is_the_same_and_blind_to_itself_and_those_after():
    head, _ = head_and_space(4, 5)
    features, numbers = torch.randn(2, FEATURES).double(), torch.rand(2, 4).double()
    whole = head(features, numbers)
    for c in range(4):
        known = torch.cat([numbers[:, :c], torch.full((2, 4 - c), torch.nan)], dim=-1)
        assert torch.equal(head.channel(features, known, c), whole[:, c])


def test_half_precision_features_keep_their_levels_apart():
    head, _ = head_and_space(3, 256)
    with torch.autocast("cpu", torch.bfloat16):
        params = head.float()(torch.randn(1, FEATURES), torch.zeros(1, 3))
    assert params.dtype == torch.float32
