"""PixelCNN sees a cone of the past without a blind spot, and its channels in order."""

import pytest
import torch

from ar_lab.layers.masked_convolution import CausalConvolution
from ar_lab.models.pixelcnn import PixelCNN
from ar_lab.models.pixelcnn_plain import PlainPixelCNN
from ar_lab.space import Space
from tests.contracts.registry import Case
from tests.contracts.test_causal import measured_dependence
from tests.contracts.test_steps import unrolled


@pytest.mark.parametrize(
    "space",
    [
        Space("image", (12, 13, 1), 4),
        Space("image", (9, 10, 2), 4),
        Space("image", (1, 20, 3), 4),
        Space("sequence", (70,), 5),
    ],
)
@torch.no_grad()
def test_a_field_smaller_than_the_image_is_stated_exactly(space):
    model = Case("pixelcnn", "categorical", space).build()
    field = model.network.receptive_field()
    assert field.sum() < space.dims * (space.dims - 1) / 2
    assert torch.equal(measured_dependence(model, torch.float64), field)


@pytest.mark.parametrize(("kernel", "layers"), [(3, 2), (3, 4), (5, 2), (7, 5)])
def test_there_is_no_blind_spot(kernel, layers):
    size = 11
    field = PixelCNN(Space("image", (size, size, 1), 2), 1, 4, layers, kernel).receptive_field()
    reach = kernel // 2 + layers - 1
    seen = field.unflatten(0, (size, size)).unflatten(2, (size, size))
    i = j = size // 2
    for row in range(size):
        for column in range(size):
            past = row < i or (row == i and column < j)
            near = abs(row - i) <= reach and abs(column - j) <= reach
            assert seen[i, j, row, column] == (past and near), (row, column)


@pytest.mark.parametrize("layers", [1, 4, 9])
def test_the_plain_one_is_blind_to_the_right_above_outside_of_its_cone(layers):
    size, i, j = 15, 13, 3
    network = PlainPixelCNN(Space("image", (size, size, 1), 2), 1, 4, layers, kernel=3)
    seen = network.receptive_field().unflatten(0, (size, size)).unflatten(2, (size, size))
    for row in range(i):
        above = i - row
        near = min(above, layers + 1)  # the cone widens by a pixel a row, and by a row a layer
        for column in range(j + 1, size):
            assert seen[i, j, row, column] == (above <= layers + 1 and column - j <= near), (row, column)


def test_channels_come_in_order():
    field = PixelCNN(Space("image", (2, 2, 3), 4), 4).receptive_field()
    assert torch.equal(field[9:, 9:], torch.tensor([[0, 0, 0], [1, 0, 0], [1, 1, 0]]).bool())
    assert field[9:, :9].all()


@pytest.mark.parametrize("model", [PixelCNN, PlainPixelCNN])
@pytest.mark.parametrize("kernel", [1, 4])
def test_a_kernel_without_a_middle_is_refused(model, kernel):
    with pytest.raises(ValueError, match=f"kernel={kernel}"):
        model(Space("image", (4, 4, 1), 2), 1, kernel=kernel)


def test_a_feature_that_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match="features=1"):
        PlainPixelCNN(Space("image", (4, 4, 1), 2), 1, features=1)


@pytest.mark.parametrize("keys", [{"layers": 1}, {"features": 1}])
def test_sizes_that_cannot_see_the_rows_above_are_refused(keys):
    with pytest.raises(ValueError, match="rows above"):
        PixelCNN(Space("image", (4, 4, 1), 2), 1, **keys)
    PixelCNN(Space("sequence", (4,), 2), 1, **keys)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(range(-3, 0), range(-3, 4)), (range(-1, 1), range(-1, 2)), (range(1), range(-3, 0)), (range(1), range(-4, 1, 4))],
)
@torch.no_grad()
def test_a_row_repeats_the_convolution(rows, columns):
    torch.manual_seed(0)
    convolution, x = CausalConvolution(3, 4, rows, columns).double(), torch.randn(2, 5, 6, 3, dtype=torch.float64)
    whole = convolution(x)
    assert whole.shape == (2, 5, 6, 4)
    for i in range(5):
        torch.testing.assert_close(convolution.row(x, i), whole[:, i], rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", [PixelCNN, PlainPixelCNN])
@torch.no_grad()
def test_steps_keep_their_precision_under_autocast(model):
    torch.manual_seed(0)
    network, x = model(Space("image", (3, 4, 2), 4), 4).eval(), torch.randint(4, (2, 24))
    whole = network(x)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(unrolled(network, x, []), whole, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_single_layer_is_unrolled_as_well():
    network, x = PixelCNN(Space("sequence", (9,), 5), 4, layers=1).double(), torch.randint(5, (2, 9))
    torch.testing.assert_close(unrolled(network, x, []), network(x), rtol=0, atol=1e-10)
    torch.testing.assert_close(unrolled(network, x, [4]), network(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("model", [PixelCNN, PlainPixelCNN])
@torch.no_grad()
def test_a_state_sees_the_weights_of_its_own_first_step(model):
    network, x = model(Space("image", (3, 3, 1), 4), 4).double(), torch.randint(4, (2, 9))
    before = unrolled(network, x, [])
    for parameter in network.parameters():
        parameter.mul_(1.1)
    after = unrolled(network, x, [])
    assert not torch.allclose(after, before)
    torch.testing.assert_close(after, network(x), rtol=0, atol=1e-10)
