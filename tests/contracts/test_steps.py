"""Promise 3: a step repeats the parallel pass from any prefix, and is a real step."""

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ar_lab.models.network import Network
from tests.contracts.registry import LARGE, SPACES, Case, draw, every_case, labels


def unrolled(network: Network, x: Tensor, prefixes: list[int]) -> Tensor:
    """The parameters from extending by pieces of these lengths and then stepping to the end."""
    state, params, known = network.start(len(x), labels(network.space, len(x))), [], 0
    for length in prefixes:
        piece, state = network.extend(x[:, known : known + length], state)
        params.append(piece)
        known += length
    for i in range(known, x.shape[1]):
        one, state = network.step(None if i == known else x[:, i - 1], state)
        params.append(one.unsqueeze(1))
    return torch.cat(params, dim=1)


@every_case(SPACES | LARGE)
@torch.no_grad()
def test_steps_repeat_the_parallel_pass_from_any_prefix(case: Case):
    network, x = case.build().network, draw(case.space, 3)
    whole = network(x, labels(case.space, 3))
    for prefixes in [[], [1], [2, 3], [case.space.dims // 2, 1], [1, case.space.dims - 1], [case.space.dims]]:
        torch.testing.assert_close(unrolled(network, x, prefixes), whole, rtol=0, atol=1e-10)


@every_case(SPACES)
@torch.no_grad()
def test_what_comes_after_a_prefix_leaves_no_trace_in_it(case: Case):
    network, x = case.build().network, draw(case.space, 3)
    half = case.space.dims // 2
    _, state = network.extend(x[:, :half], network.start(3, labels(case.space, 3)))
    one, state = network.step(None, state)
    rest, _ = network.step(x[:, half], state)
    whole = network(x, labels(case.space, 3))
    torch.testing.assert_close(torch.stack([one, rest], 1), whole[:, half : half + 2], rtol=0, atol=1e-10)


@every_case(LARGE)
@torch.no_grad()
def test_all_steps_together_cost_a_few_parallel_passes(case: Case):
    # In double precision torch computes recurrent layers from matrix products, which FlopCounterMode counts; the fused
    # kernel of a single-precision LSTM would count as nothing.
    if not case.learns:
        pytest.skip("looks up what it counted: no arithmetic that FlopCounterMode knows")
    network, x = case.build().network, draw(case.space, 2)
    with FlopCounterMode(display=False) as parallel:
        network(x)
    with FlopCounterMode(display=False) as stepwise:
        unrolled(network, x, [])
    convolutions = any(parameter.ndim == 4 for parameter in network.parameters())
    assert parallel.get_total_flops() > 0
    assert stepwise.get_total_flops() <= (8 if convolutions else 3) * parallel.get_total_flops()


@every_case(SPACES)
def test_calls_out_of_turn_and_beyond_the_end_are_refused(case: Case):
    network, x, condition = case.build().network, draw(case.space, 2), labels(case.space, 2)
    with pytest.raises(ValueError, match="previous=None"):
        network.step(x[:, 0], network.start(2, condition))
    _, state = network.step(None, network.start(2, condition))
    with pytest.raises(ValueError, match="not known yet"):
        network.step(None, state)
    _, state = network.extend(x, network.start(2, condition))
    if not network.carries:
        with pytest.raises(ValueError, match=f"has {case.space.dims}"):
            network.step(None, state)
