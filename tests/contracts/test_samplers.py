"""Every sampler gives the same examples from the same noise, for every model."""

from functools import partial

import pytest
import torch
from torch import Tensor

from ar_lab.model import AutoregressiveModel
from ar_lab.sampling import SAMPLERS
from ar_lab.sampling.jacobi import jacobi
from tests.contracts.registry import SPACES, Case, draw, every_case, labels

ROWS = 3
# A sampler asks of a likelihood nothing but its sample: one a network and space will do.
CASES = {(case.values[0].model, case.values[0].space): case for case in every_case(SPACES).args[1]}
every_network = pytest.mark.parametrize("case", CASES.values())
IN_BLOCKS = partial(jacobi, block=5)


def noise_of(model: AutoregressiveModel) -> Tensor:
    return model.draw_noise(ROWS, torch.Generator().manual_seed(3))


def assert_same(found: Tensor, expected: Tensor):
    """To the bit for levels; real numbers round otherwise in a step than in a pass."""
    torch.testing.assert_close(found, expected, rtol=0, atol=0 if expected.dtype == torch.long else 1e-9)


@every_network
def test_all_samplers_draw_alike(case: Case):
    model, condition = case.build(), labels(case.space, ROWS)
    noise = noise_of(model)
    expected = model.sample(ROWS, noise, condition=condition, sampler="naive")
    for sampler in SAMPLERS.keys() - {"naive"}:
        assert_same(model.sample(ROWS, noise, condition=condition, sampler=sampler), expected)


@every_network
def test_what_is_known_is_kept_and_gone_on_from_alike(case: Case):
    """A known beginning is taken in at once, a known hole is met on the way."""
    model, condition = case.build(), labels(case.space, ROWS)
    noise, x = noise_of(model), draw(case.space, ROWS)
    known = torch.arange(case.space.dims) < 2
    known[-3] = True
    known = known if model.network.order is None else known[model.network.order.argsort()]
    completed = model.complete(x, known, noise, condition=condition)
    assert torch.equal(completed[:, known], x[:, known])
    assert_same(model.complete(x, known, noise, condition=condition, sampler=IN_BLOCKS), completed)


@every_case({"sequence": SPACES["sequence"]})
def test_a_sequence_longer_than_the_window_is_carried_or_refused(case: Case):
    model, length = case.build(), 2 * case.space.dims + 1
    noise = model.draw_noise(2, torch.Generator().manual_seed(3), length)
    if not model.network.carries:
        with pytest.raises(ValueError, match=f"has {case.space.dims}"):
            model.sample(2, noise)
        return
    expected = model.sample(2, noise, sampler="naive")
    assert expected.shape == (2, length)
    for sampler in (IN_BLOCKS, *SAMPLERS):
        assert torch.equal(model.sample(2, noise, sampler=sampler), expected)
