"""Promise 1: a conditional ignores the present and the future to the bit, and notices the past it claims to see."""

import pytest
import torch
from torch import Tensor

from ar_lab.model import AutoregressiveModel
from tests.contracts.registry import SPACES, Case, draw, every_case, labels


def measured_dependence(model: AutoregressiveModel, dtype: torch.dtype) -> Tensor:
    """Entry [i, j]: whether params_i changed in any bit when x_j did, to any of three other values."""
    space, dims = model.space, model.space.dims
    x = draw(space, 1, dtype).expand(dims, dims)
    condition = None if space.classes is None else labels(space, 1).expand(dims)
    before, depends = model.network(x, condition), torch.zeros(dims, dims, dtype=torch.bool)
    for change in range(1, min(4, space.levels or 4)):
        perturbed = x + change * torch.eye(dims, dtype=x.dtype)
        after = model.network(perturbed % space.levels if space.discrete else perturbed, condition)
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


@every_case({"labeled_image": SPACES["labeled_image"]})
def test_every_conditional_notices_the_label(case: Case):
    model, x = case.build(), draw(case.space, 1).expand(case.space.classes, -1)
    with torch.no_grad():
        params = model.network(x, labels(case.space, case.space.classes))
    assert (params[1:] != params[:1]).any(-1).all()


@every_case({"labeled_image": SPACES["labeled_image"]})
def test_a_label_that_is_missing_is_asked_for(case: Case):
    with pytest.raises(ValueError, match="condition=None"):
        case.build().network(draw(case.space, 2))


@every_case({"binary_image": SPACES["binary_image"]})
def test_a_label_that_nobody_trained_with_is_refused(case: Case):
    with pytest.raises(ValueError, match=r"data\.condition"):
        case.build().network(draw(case.space, 2), torch.zeros(2, dtype=torch.long))
