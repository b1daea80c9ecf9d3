"""Jacobi's iteration: how many passes it takes, and that it ends."""

from functools import partial

import pytest
import torch

from ar_lab.likelihoods.bernoulli import Bernoulli
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Network
from ar_lab.models.transformer import Transformer
from ar_lab.sampling.jacobi import jacobi
from ar_lab.space import Space

DIMS = 12


@pytest.fixture
def model() -> AutoregressiveModel:
    torch.manual_seed(0)
    space = Space("sequence", (DIMS,), 4)
    network = Transformer(space, 4, layers=1, width=16, heads=2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))  # so that a value depends on all before it
    return AutoregressiveModel(network, Categorical(space)).double().eval()


def passes(model, noise, block=None, **known):
    return [drawn.passes for drawn in model.draw(noise, sampler=partial(jacobi, block=block), **known)]


@pytest.fixture
def noise(model):
    return model.draw_noise(8, torch.Generator().manual_seed(0))


def test_a_block_takes_at_most_one_pass_more_than_it_has_places(model, noise):
    assert max(passes(model, noise, block=1)) <= 2
    assert max(passes(model, noise, block=4)) <= 5
    assert 2 < passes(model, noise)[0] <= DIMS + 1


def test_blocks_are_the_places_in_their_order(model, noise):
    drawn = list(model.draw(noise, sampler=partial(jacobi, block=5)))
    assert [piece.places for piece in drawn] == [slice(0, 5), slice(5, 10), slice(10, 12)]
    assert torch.equal(torch.cat([piece.values for piece in drawn], 1), model.sample(8, noise))


def test_where_no_conditional_depends_on_another_the_second_pass_finds_nothing_to_change(model, noise):
    with torch.no_grad():
        model.network.head.weight.zero_()
    assert passes(model, noise) == [2]


def test_what_is_known_first_is_not_solved_for(model, noise):
    x = model.sample(8, noise)
    assert passes(model, noise, x=x, known=torch.arange(DIMS) < DIMS - 1)[0] <= 2
    assert passes(model, noise, x=x, known=torch.ones(DIMS, dtype=torch.bool)) == []


class Contrary(Network):
    """A broken network that sees the present, and wants it to be the other level."""

    def start(self, batch_size, condition=None):
        return None

    def extend(self, x, state):
        return 100.0 * (1 - 2 * x).unsqueeze(-1), None

    def step(self, previous, state):
        raise NotImplementedError


def test_equations_without_a_solution_do_not_keep_it_from_ending():
    space = Space("sequence", (DIMS,), 2)
    broken = AutoregressiveModel(Contrary(space, 1), Bernoulli(space))
    assert passes(broken, broken.draw_noise(2)) == [DIMS + 1]


class Tally(Network):
    """Conditionals that depend on the sum of all before them, which its state holds and overwrites."""

    def start(self, batch_size, condition=None):
        return torch.zeros(batch_size)

    def extend(self, x, state):
        params = torch.sin(state.unsqueeze(1) + x.cumsum(1) - x)
        return params.unsqueeze(-1), state.add_(x.sum(1))

    def step(self, previous, state):
        state = state if previous is None else state.add_(previous)
        return torch.sin(state).unsqueeze(-1), state


def test_a_state_that_a_pass_overwrites_is_kept_for_the_next():
    space = Space("sequence", (DIMS,), 2)
    model = AutoregressiveModel(Tally(space, 1), Bernoulli(space))
    noise = model.draw_noise(8, torch.Generator().manual_seed(0))
    expected = model.sample(8, noise)
    for how in ({}, {"x": expected, "known": torch.arange(DIMS) < 3}):
        pieces = model.draw(noise, sampler=partial(jacobi, block=4), **how)
        assert torch.equal(torch.cat([piece.values for piece in pieces], 1), expected[:, 3 if how else 0 :])
