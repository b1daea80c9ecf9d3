"""Promise 1: a conditional ignores the present and the future to the bit, and notices the past it claims to see."""

import pytest
import torch
from torch import Tensor

from ar_lab.model import AutoregressiveModel
from tests.contracts.registry import SPACES, Case, draw, every_case


def measured_dependence(model: AutoregressiveModel, dtype: torch.dtype) -> Tensor:
    """Entry [i, j]: whether params_i changed in any bit when x_j did, to any of three other values."""
    space, dims = model.space, model.space.dims
    x = draw(space, 1, dtype).expand(dims, dims)
    before, depends = model.network(x), torch.zeros(dims, dims, dtype=torch.bool)
    for change in range(1, min(4, space.levels or 4)):
        perturbed = x + change * torch.eye(dims, dtype=x.dtype)
        after = model.network(perturbed % space.levels if space.discrete else perturbed)
        depends |= (after != before).any(-1).T
    return depends


@every_case(SPACES)
def test_conditionals_see_exactly_the_receptive_field(case: Case):
    model = case.build()
    with torch.no_grad():
        measured = measured_dependence(model, torch.float64)
    assert torch.equal(measured, model.network.receptive_field())


@every_case(SPACES)
def test_no_conditional_claims_to_see_the_present_or_the_future(case: Case):
    assert not case.build().network.receptive_field().triu().any()


@every_case(SPACES)
@pytest.mark.parametrize("training", [False, True])
def test_the_future_is_ignored_in_single_precision_as_well(case: Case, training: bool):
    model = case.build(torch.float32)
    model.train(training)  # without dropout in the configs, training differs by its kernels alone
    assert not measured_dependence(model, torch.float32).triu().any()
