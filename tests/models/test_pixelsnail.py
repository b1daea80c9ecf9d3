"""PixelSNAIL looks back at every pixel before, the first finds nothing, and steps go on from what was looked at."""

import pytest
import torch

from ar_lab.models.pixelsnail import PixelSNAIL
from ar_lab.space import Space
from tests.contracts.registry import Case, draw
from tests.contracts.test_causal import measured_dependence
from tests.contracts.test_steps import unrolled


@torch.no_grad()
def test_pixels_far_beyond_the_convolutions_are_seen():
    model = Case("pixelsnail", "logistic_mixture", Space("image", (9, 11, 1), 3)).build(blocks=1, layers=1)
    field = model.network.receptive_field()
    assert torch.equal(field, torch.ones_like(field).tril(-1))
    assert torch.equal(measured_dependence(model, torch.float64), field)


@pytest.mark.parametrize("shape", [(5, 7, 1), (1, 6, 2), (6, 1, 1)])
@torch.no_grad()
def test_steps_at_any_size_repeat_the_parallel_pass(shape):
    network = Case("pixelsnail", "logistic_mixture", Space("image", shape, 3)).build().network
    x = draw(network.space, 2)
    torch.testing.assert_close(unrolled(network, x, [3]), network(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", ["sequence", "vector"])
def test_what_is_no_image_is_refused(kind):
    with pytest.raises(ValueError, match=kind):
        PixelSNAIL(Space(kind, (9,), 3), 3)
