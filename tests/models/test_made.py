"""MADE's masks are those of the paper, an order is a permutation of the chain rule, and several masks are one model."""

import pytest
import torch
from torch import Tensor

from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.made import MADE
from ar_lab.space import Space

IMAGE = Space("image", (3, 4, 1), 5)
DIMS = IMAGE.dims


def network(**keys) -> MADE:
    torch.manual_seed(0)
    return MADE(IMAGE, 5, **{"hidden": [40], **keys}).double().eval()


def images(count: int) -> Tensor:
    return torch.randint(5, (count, DIMS), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("masks", [1, 3])
def test_masks_are_those_of_the_equations(masks):
    made = network(hidden=[30, 20], masks=masks)
    for m1, m2 in made._degrees():
        first, second, last = made.layers.masks([m1, m2])
        assert m1.min() >= 1 and m1.max() <= DIMS - 1
        assert m1.min() <= m2.min() and m2.max() <= DIMS - 1
        for d in range(1, DIMS + 1):
            assert first[:, d - 1].tolist() == [m >= d for m in m1.tolist()]  # equation 8
            assert last[d - 1].tolist() == [d > m for m in m2.tolist()]  # equation 9
        for k, above in enumerate(m2.tolist()):
            assert second[k].tolist() == [above >= below for below in m1.tolist()]  # equation 13


@torch.no_grad()
def test_a_pass_is_the_masked_autoencoder():
    made, x = network(hidden=[30, 20]), images(4)
    (of_mask,) = made._degrees()
    M1, M2, MV = (mask.double() for mask in made.layers.masks(of_mask))
    W1, W2 = made.layers.first.weight[:, 0].T, made.layers.between[0].weight
    V = made.layers.last.weight.unflatten(0, (DIMS, 5)) * MV.unsqueeze(1)
    h = torch.relu(made.layers.bias + (x.double() / 2 - 1) @ (W1 * M1).T)
    h = torch.relu(made.layers.between[0].bias + h @ (W2 * M2).T)
    expected = torch.einsum("bh,dkh->bdk", h, V) + made.head.bias
    torch.testing.assert_close(made(x), expected, rtol=0, atol=1e-12)


@torch.no_grad()
def test_few_units_cut_off_dependences_and_the_receptive_field_says_which():
    made, x = network(hidden=[3, 3]), images(1)
    for layer in (made.layers, *made.layers.between):
        layer.bias.fill_(100.0)  # every unit open, so that no path is closed by chance
    depends = torch.stack([(made((x + row) % 5) != made(x)).any(-1)[0] for row in torch.eye(DIMS, dtype=torch.long)], 1)
    assert torch.equal(depends, made.receptive_field())
    assert depends.sum() < DIMS * (DIMS - 1) / 2


@pytest.mark.parametrize("ordering", ["natural", "reversed", "random"])
@torch.no_grad()
def test_an_order_permutes_the_chain_rule(ordering):
    made, x = network(ordering=ordering), images(4)
    order = list(range(DIMS)) if made.order is None else made.order.tolist()
    assert sorted(order) == list(range(DIMS))
    assert (order == list(range(DIMS))) == (ordering == "natural")
    assert (order == list(range(DIMS))[::-1]) == (ordering == "reversed")
    model, likelihood = AutoregressiveModel(made, Categorical(IMAGE)), Categorical(IMAGE)
    nll = model.nll(x)
    for place, dimension in enumerate(order):
        blanked = torch.zeros_like(x)
        blanked[:, :place] = x[:, order[:place]]
        conditional = likelihood.conditional(made(blanked)[:, place])
        torch.testing.assert_close(nll[:, dimension], -conditional.log_prob(x[:, dimension]), rtol=0, atol=1e-12)


@torch.no_grad()
def test_a_checkpoint_keeps_order_and_masks():
    made, other = network(ordering="random", masks=3), network(ordering="random", masks=3, ordering_seed=1)
    assert not torch.equal(made.order, other.order)
    assert not torch.equal(made.degrees_0, other.degrees_0)
    other.load_state_dict(made.state_dict())
    model, again = (AutoregressiveModel(net, Categorical(IMAGE)) for net in (made, other))
    assert torch.equal(model.nll(images(4)), again.nll(images(4)))


@torch.no_grad()
def test_in_training_rows_take_the_masks_in_turn_and_in_evaluation_all_are_averaged():
    made, x = network(masks=3), images(7)
    alone = []
    for mask in range(3):
        one = network(masks=3)
        one.degrees_0[:] = made.degrees_0[mask]
        alone.append(one(x))
    assert not torch.equal(alone[0], alone[1])
    torch.testing.assert_close(made(x), sum(alone) / 3, rtol=0, atol=1e-12)
    expected = torch.stack([alone[row % 3][row] for row in range(7)])
    torch.testing.assert_close(made.train()(x), expected, rtol=0, atol=1e-12)


def test_an_unknown_ordering_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="ordering='raster': choose one of natural, reversed, random"):
        network(ordering="raster")


def test_real_numbers_are_refused():
    with pytest.raises(ValueError, match="a vector of real numbers"):
        MADE(Space("vector", (3,), None), 3)
