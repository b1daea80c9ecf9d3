"""The recurrent network carries its state as far as a stream goes, and back only where it is told to."""

import pytest
import torch

from ar_lab.models.charrnn import CELLS, CharRNN
from ar_lab.space import Space

TEXT = Space("sequence", (12,), 5)


def network(**keys) -> CharRNN:
    torch.manual_seed(0)
    return CharRNN(TEXT, 5, hidden=16, **keys).double()


def stream(length: int) -> torch.Tensor:
    return torch.randint(5, (2, length), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@torch.no_grad()
def test_a_stream_longer_than_a_window_goes_on_from_the_state_left(cell, layers):
    rnn, x = network(cell=cell, layers=layers), stream(30)
    whole, _ = rnn.extend(x, rnn.start(2))
    state, pieces = rnn.start(2), []
    for piece in x.split(7, dim=1):
        params, state = rnn.extend(piece, state)
        pieces.append(params)
    next_one, _ = rnn.step(None, state)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, rtol=0, atol=1e-12)
    longer, _ = rnn.extend(torch.cat([x, x[:, :1]], dim=1), rnn.start(2))
    torch.testing.assert_close(next_one, longer[:, -1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_a_detached_state_keeps_its_values_and_stops_the_gradient(cell):
    rnn, x = network(cell=cell), stream(20)
    _, state = rnn.extend(x[:, :10], rnn.start(2))
    torch.testing.assert_close(
        rnn.extend(x[:, 10:], state.detach())[0], rnn.extend(x[:, 10:], state)[0], rtol=0, atol=0
    )

    def reaches_back(state) -> bool:
        gradient = torch.autograd.grad(rnn.extend(x[:, 10:], state)[0].sum(), rnn.embedding.values.table.weight)[0]
        return bool(gradient[5].any())  # the start symbol, which only the first window holds

    assert reaches_back(state)
    assert not reaches_back(state.detach())


@pytest.mark.parametrize("keys", [{}, {"ngrams": 4, "buckets": 50}])
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_steps_go_on_from_a_stream_as_the_pass_does_in_both_precisions(cell, keys):
    for dtype, tolerance in [(torch.float64, 1e-12), (torch.float32, 1e-5)]:
        rnn, x = network(cell=cell, layers=2, **keys).to(dtype), stream(40)
        whole, _ = rnn.extend(x, rnn.start(2))
        _, state = rnn.extend(x[:, :9], rnn.start(2))
        for i in range(9, 40):
            params, state = rnn.step(None if i == 9 else x[:, i - 1], state)
            torch.testing.assert_close(params, whole[:, i], rtol=0, atol=tolerance)


@torch.no_grad()
def test_weights_that_changed_between_two_starts_are_seen_by_the_steps():
    rnn, x = network(), stream(1)
    before, _ = rnn.step(None, rnn.start(2))
    for parameter in rnn.parameters():
        parameter.add_(0.1)
    after, _ = rnn.step(None, rnn.start(2))
    torch.testing.assert_close(after, rnn.extend(x, rnn.start(2))[0][:, 0], rtol=0, atol=1e-12)
    assert not torch.equal(before, after)


def test_a_state_that_nothing_was_fed_detaches():
    assert network().start(2).detach().memory is None


def test_forget_gates_start_open():
    lstm = network(layers=2).cells
    for layer in range(2):
        total = getattr(lstm, f"bias_ih_l{layer}") + getattr(lstm, f"bias_hh_l{layer}")
        assert (total.chunk(4)[1] == 1).all()


def test_dropout_works_in_training_alone_even_with_one_layer():
    rnn, x = network(dropout=0.5), stream(12)
    assert not torch.equal(rnn(x), rnn(x))
    rnn.eval()
    assert torch.equal(rnn(x), rnn(x))


def test_an_unknown_cell_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="cell='gru2': choose one of lstm, gru, rnn, mingru"):
        network(cell="gru2")


def test_only_sequences_carry_their_state():
    assert network().carries
    assert not CharRNN(Space("vector", (4,), 3), 3, hidden=4).carries
