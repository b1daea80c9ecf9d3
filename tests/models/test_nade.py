"""NADE computes what its equations say, with one running sum for all places."""

import pytest
import torch

from ar_lab.models import nade
from ar_lab.models.nade import NADE
from ar_lab.space import Space


def network(space: Space, outputs: int, **keys) -> NADE:
    torch.manual_seed(0)
    return NADE(space, outputs, hidden=10, **keys).double()


@torch.no_grad()
def test_binary_conditionals_are_those_of_the_paper():
    space = Space("vector", (7,), 2)
    net, x = network(space, 1), torch.randint(2, (4, 7))
    W, c, V, b = net.contributions.weight[:, 0], net.bias, net.weight[..., 0], net.head.bias[:, 0]
    v = 2.0 * x.double() - 1
    for d in range(7):
        h = torch.sigmoid(c + v[:, :d] @ W[:d])
        torch.testing.assert_close(net(x)[:, d, 0], b[d] + h @ V[d], rtol=0, atol=1e-12)


@torch.no_grad()
def test_a_symbol_has_a_column_of_its_own_at_every_place():
    space = Space("sequence", (5,), 4)
    net, x = network(space, 4, rank=4), torch.randint(4, (3, 5))
    W = net.contributions.weight
    total = net.bias + sum(W[j][x[:, j]] for j in range(4))
    expected = net.head.bias[4] + torch.sigmoid(total) @ net.weight[4]
    torch.testing.assert_close(net(x)[:, 4], expected, rtol=0, atol=1e-12)


@torch.no_grad()
def test_the_pass_is_the_same_in_pieces_of_any_size(monkeypatch):
    net, x = network(Space("image", (5, 5, 1), 6), 6), torch.randint(6, (2, 25))
    whole = net(x)
    monkeypatch.setattr(nade, "CHUNK", 4)
    torch.testing.assert_close(net(x), whole, rtol=0, atol=1e-12)


def test_what_extend_leaves_does_not_hold_on_to_the_pass():
    net, x = network(Space("image", (5, 5, 1), 6), 6), torch.randint(6, (2, 20))
    _, state = net.extend(x, net.start(2))
    assert state.sums.untyped_storage().nbytes() == state.sums.numel() * 8


def test_real_numbers_are_refused():
    with pytest.raises(ValueError, match="a vector of real numbers"):
        network(Space("vector", (3,), None), 3)
