"""Which parameters are decayed, and Muon beside AdamW as one optimizer."""

import copy

import pytest
import torch
from torch import nn

from ar_lab.optimizers import MuonAdamW, parameter_groups
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
