"""PixelCNN sees a cone of the past without a blind spot, and its channels in order."""

import pytest
import torch

from ar_lab.layers.masked_convolution import CausalConvolution
from ar_lab.models.pixelcnn import PixelCNN
from ar_lab.models.pixelcnn_plain import PlainPixelCNN
from ar_lab.space import Space
from tests.contracts.registry import Case
from tests.contracts.test_causal import measured_dependence


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


@pytest.mark.parametrize("kernel", [1, 4])
def test_a_kernel_without_a_middle_is_refused(kernel):
    with pytest.raises(ValueError, match=f"kernel={kernel}"):
        PixelCNN(Space("image", (4, 4, 1), 2), 1, kernel=kernel)


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
