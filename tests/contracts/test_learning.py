"""Every network learns: no parameter is dead, one batch can be learned by heart, and weights can be put away."""

from functools import partial
from math import log

import pytest
import torch

from ar_lab.optimizers import make_optimizer
from tests.contracts.registry import NETWORKS, SPACES, Case, accepts, draw, every_case, labels

BATCH = 8
RATES = {"logistic": 1e-2, "logistic_of_rank_2": 1e-2}  # one layer has no other to make it faster


@every_case(SPACES)
def test_the_gradient_reaches_every_parameter(case: Case):
    model = case.build()
    if not case.learns:
        pytest.skip("fitted in closed form: there is nothing for a gradient to reach")
    model.nll(draw(case.space, BATCH), labels(case.space, BATCH)).mean().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("name", ["sequence", "binary_image"])
@pytest.mark.parametrize("model", NETWORKS)
def test_one_batch_is_learned_by_heart_and_no_further(model: str, name: str):
    case = Case(model, "categorical", SPACES[name])
    if not accepts(*case) or not case.learns:
        pytest.skip("refuses this space, or is fitted in closed form")
    learner = case.build(torch.float32).train()
    x, dims = draw(case.space, BATCH), case.space.dims
    optimizer = make_optimizer(partial(torch.optim.Adam, lr=RATES.get(model, 3e-3)), learner)
    for _ in range(150):
        optimizer.zero_grad()
        loss = learner.nll(x[torch.randperm(BATCH)]).mean()  # rows change places, as they do in training
        loss.backward()
        optimizer.step()
    least = log(BATCH) / dims  # which of the examples it is must be told; less would be a leak from the future
    assert least - 1e-3 < learner.eval().nll(x).mean() < least + 0.15


@every_case(SPACES)
@torch.no_grad()
def test_weights_put_away_and_restored_give_the_same_bits(case: Case):
    model, x, condition = case.build(), draw(case.space, 2), labels(case.space, 2)
    other = case.build(seed=1)
    assert not torch.equal(other.nll(x, condition), model.nll(x, condition))
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.nll(x, condition), model.nll(x, condition))
