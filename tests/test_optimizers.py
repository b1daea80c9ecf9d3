"""Which parameters are decayed, and Muon beside AdamW as one optimizer."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from ar_lab.optimizers import MuonAdamW, make_optimizer, parameter_groups
from ar_lab.schedules import Constant


@pytest.fixture
def module():
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(5, 8), nn.LayerNorm(8), nn.Linear(8, 8), nn.LSTM(8, 4), nn.Conv2d(1, 2, 3))


def test_only_the_weights_of_linear_maps_are_decayed(module):
    decayed, spared = (group["params"] for group in parameter_groups(module))
    names = {parameter: name for name, parameter in module.named_parameters()}
    assert {names[p] for p in decayed} == {"2.weight", "3.weight_ih_l0", "3.weight_hh_l0", "4.weight"}
    assert len(decayed) + len(spared) == len(names)
    assert parameter_groups(module)[1]["weight_decay"] == 0.0


def test_muon_takes_the_matrices_and_adamw_the_rest(module):
    optimizer = MuonAdamW(parameter_groups(module), lr=0.1)
    muon, adamw = optimizer.parts
    assert all(p.ndim == 2 for group in muon.param_groups for p in group["params"])
    count = sum(len(group["params"]) for part in (muon, adamw) for group in part.param_groups)
    assert count == len(list(module.parameters()))


def test_muon_leaves_embeddings_to_adamw_without_weight_decay_too(module):
    muon = MuonAdamW(parameter_groups(module), lr=0.1, weight_decay=0.0).parts[0]
    assert all(p is not module[0].weight for group in muon.param_groups for p in group["params"])


def test_muon_works_without_any_matrix():
    convolution = nn.Conv2d(1, 2, 3)
    assert len(MuonAdamW(parameter_groups(convolution), lr=0.1).parts) == 1


def trained(model, optimizer, steps):
    x, target = torch.randn(16, 6), torch.randn(16, 3)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(x) - target).square().mean().backward()
        optimizer.step()
    return model


def test_muon_goes_on_from_its_state_as_if_it_had_never_stopped():
    torch.manual_seed(0)
    straight = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 3))
    stopped = copy.deepcopy(straight)
    whole, first = (MuonAdamW(parameter_groups(m), lr=0.01) for m in (straight, stopped))
    torch.manual_seed(1)
    trained(straight, whole, 6)
    torch.manual_seed(1)
    trained(stopped, first, 3)
    second = MuonAdamW(parameter_groups(stopped), lr=0.01)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    torch.manual_seed(1)
    trained(stopped, second, 3)
    for a, b in zip(straight.parameters(), stopped.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_schedule_reaches_both_parts_of_muon():
    module = nn.Sequential(nn.Embedding(4, 4), nn.Linear(4, 4))
    optimizer = MuonAdamW(parameter_groups(module), lr=1.0)
    Constant(warmup=9).configure(optimizer, lambda step: 0.0)
    assert [group["lr"] for part in optimizer.parts for group in part.param_groups] == [0.1] * 2


ADAMS = {
    "adam": partial(torch.optim.Adam, lr=0.1),
    "adamw": partial(torch.optim.AdamW, lr=0.1),
    "muon": partial(MuonAdamW, lr=0.1),
}


class Tabled(nn.Module):
    """A hashed table of which a batch touches a few rows, before a linear map."""

    def __init__(self):
        super().__init__()
        self.table = nn.EmbeddingBag(50, 6, mode="sum", sparse=True)
        self.map = nn.Linear(6, 3)

    def forward(self, x):
        return self.map(self.table(x.long().abs()))


@pytest.mark.parametrize("name", ADAMS)
def test_hashed_tables_are_updated_where_they_were_read_and_nowhere_else(name):
    module = Tabled()
    optimizer, before = make_optimizer(ADAMS[name], module), copy.deepcopy(module.state_dict())
    for _ in range(2):  # gradients that accumulate
        module(torch.tensor([[3, 4], [3, 9]])).square().mean().backward()
    optimizer.step()
    changed = (module.table.weight != before["table.weight"]).any(1)
    assert changed.nonzero().flatten().tolist() == [3, 4, 9]
    assert not torch.equal(module.map.weight, before["map.weight"])


@pytest.mark.parametrize("name", ADAMS)
def test_an_optimizer_with_tables_goes_on_from_its_state_as_if_it_had_never_stopped(name):
    torch.manual_seed(0)
    straight = Tabled()
    stopped = copy.deepcopy(straight)
    whole, first = (make_optimizer(ADAMS[name], module) for module in (straight, stopped))
    torch.manual_seed(1)
    trained(straight, whole, 6)
    torch.manual_seed(1)
    trained(stopped, first, 3)
    second = make_optimizer(ADAMS[name], stopped)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    torch.manual_seed(1)
    trained(stopped, second, 3)
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), stopped.parameters(), strict=True))


def test_a_schedule_reaches_the_tables():
    optimizer = make_optimizer(ADAMS["muon"], Tabled())
    Constant(warmup=9).configure(optimizer, lambda step: 0.0)
    assert [group["lr"] for part in optimizer.parts for group in part.param_groups] == pytest.approx([0.01] * 3)


def test_the_norm_by_which_gradients_are_clipped_counts_repeated_rows_once():
    module = Tabled()
    module(torch.tensor([[3, 4], [3, 9]])).sum().backward()
    gradients = [p.grad.to_dense() if p.grad.is_sparse else p.grad.clone() for p in module.parameters()]
    norm = nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    torch.testing.assert_close(norm, nn.utils.get_total_norm(gradients))


def test_an_optimizer_without_a_sparse_form_is_refused_with_those_that_have_one():
    with pytest.raises(ValueError, match="SGD has no sparse form for hashed n-grams; use Adam"):
        make_optimizer(partial(torch.optim.SGD, lr=0.1), Tabled())
