"""PixelCNN++ halves what it can, sees all rows above without a blind spot, and says exactly how far."""

import pytest
import torch

from ar_lab.models.pixelcnn_pp import PixelCNNPP
from ar_lab.space import Space
from tests.contracts.registry import Case, draw
from tests.contracts.test_causal import measured_dependence
from tests.contracts.test_steps import unrolled


def resolutions(network: PixelCNNPP) -> int:
    return sum(name.endswith("before") for name, _ in network.named_modules())


@pytest.mark.parametrize(
    ("height", "width", "expected"), [(1, 9, 1), (2, 1, 1), (3, 3, 2), (8, 8, 3), (9, 5, 3), (28, 28, 3)]
)
def test_an_image_is_halved_as_long_as_a_side_has_three_pixels(height, width, expected):
    assert resolutions(PixelCNNPP(Space("image", (height, width, 1), 2), 1, features=2)) == expected


@pytest.mark.parametrize("shape", [(9, 11, 1), (7, 12, 2), (1, 6, 1), (6, 1, 1)])
@torch.no_grad()
def test_a_field_smaller_than_the_image_is_stated_exactly(shape):
    model = Case("pixelcnn_pp", "logistic_mixture", Space("image", shape, 3)).build(features=4, layers=1, resolutions=2)
    assert torch.equal(measured_dependence(model, torch.float64), model.network.receptive_field())


def test_there_is_no_blind_spot():
    size = 9
    field = PixelCNNPP(Space("image", (size, size, 1), 2), 1, features=2, layers=2).receptive_field()
    assert torch.equal(field, torch.ones_like(field).tril(-1))


@pytest.mark.parametrize("shape", [(5, 7, 1), (7, 6, 2), (2, 9, 1)])
@torch.no_grad()
def test_steps_at_odd_sizes_repeat_the_parallel_pass(shape):
    network = Case("pixelcnn_pp", "categorical", Space("image", shape, 3)).build(features=4, layers=1).network
    x = draw(network.space, 2)
    torch.testing.assert_close(unrolled(network, x, [3]), network(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", ["sequence", "vector"])
def test_what_is_no_image_is_refused(kind):
    with pytest.raises(ValueError, match=kind):
        PixelCNNPP(Space(kind, (9,), 3), 3)
