"""The transformer attends from caches as it does in one pass, up to its capacity."""

import pytest
import torch

from ar_lab.layers.positions import Rotary
from ar_lab.models.transformer import Transformer
from ar_lab.space import Space

TEXT = Space("sequence", (12,), 5)


def network(**keys) -> Transformer:
    torch.manual_seed(0)
    return Transformer(TEXT, 5, **{"layers": 2, "width": 16, "heads": 2} | keys).double()


def stream(length: int = 12) -> torch.Tensor:
    return torch.randint(5, (2, length), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("positions", ["rotary", "learned"])
@torch.no_grad()
def test_pieces_and_steps_repeat_one_pass_with_either_positions(positions):
    transformer, x = network(positions=positions).eval(), stream()
    whole, state = transformer(x), transformer.start(2)
    a, state = transformer.extend(x[:, :4], state)
    b, state = transformer.extend(x[:, 4:9], state)
    c, state = transformer.step(None, state)
    d, state = transformer.step(x[:, 9], state)
    pieces = torch.cat([a, b, c.unsqueeze(1), d.unsqueeze(1)], dim=1)
    torch.testing.assert_close(pieces, whole[:, :11], rtol=0, atol=1e-12)


@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_order_matters(positions):
    transformer, x = network(positions=positions).eval(), stream()
    swapped = x.clone()
    swapped[:, [0, 1]] = torch.tensor([0, 1])
    x[:, [0, 1]] = torch.tensor([1, 0])
    assert (transformer(x)[:, 3:] - transformer(swapped)[:, 3:]).abs().max() > 1e-6


def test_the_capacity_is_an_example_and_more_is_refused_with_the_numbers():
    transformer = network()
    with pytest.raises(ValueError, match=r"dimensions 0\.\.12: an example has 12"):
        transformer.extend(stream(13), transformer.start(2))
    _, state = transformer.extend(stream(10), transformer.start(2))
    with pytest.raises(ValueError, match=r"dimensions 10\.\.12: an example has 12"):
        transformer.extend(stream(3), state)


@torch.no_grad()
def test_a_cache_is_allocated_once_and_only_when_a_pass_is_gone_on_from():
    transformer = network().eval()
    _, state = transformer.extend(stream(4), transformer.start(2))
    assert state.caches[0].keys.shape[2] == 4
    _, state = transformer.step(None, state)
    first = state.caches[0].keys
    assert first.shape[2] == 12
    _, state = transformer.step(stream(1)[:, 0], state)
    assert state.caches[0].keys is first


def test_rotary_scores_depend_on_the_distance_alone():
    rotary = Rotary(8, 50).double()
    q, k = torch.randn(2, 1, 1, 1, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def score(i: int, j: int) -> torch.Tensor:
        return (rotary(q, slice(i, i + 1)) * rotary(k, slice(j, j + 1))).sum()

    torch.testing.assert_close(score(7, 3), score(44, 40), rtol=0, atol=1e-5)  # angles are kept in single precision
    assert (score(7, 3) - score(7, 4)).abs() > 1e-3


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"width": 10, "heads": 4}, "width=10 is not divisible by heads=4"),
        ({"width": 6, "heads": 2}, "head of 3 features"),
        ({"positions": "sinus"}, "positions='sinus': choose one of rotary, learned"),
    ],
)
def test_impossible_sizes_are_refused_with_the_remedy(keys, message):
    with pytest.raises(ValueError, match=message):
        network(**keys)


def test_residual_branches_start_small():
    transformer = network(layers=8, width=128)
    branch, other = transformer.blocks[0].mlp[2].weight.std(), transformer.blocks[0].mlp[0].weight.std()
    assert 0.2 < (branch / other).item() < 0.3  # 1 / sqrt(16)


def test_dropout_works_in_training_alone():
    transformer, x = network(dropout=0.5), stream()
    assert not torch.equal(transformer(x), transformer(x))
    transformer.eval()
    assert torch.equal(transformer(x), transformer(x))
