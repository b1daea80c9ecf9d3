"""The transformer attends in pieces and in steps as it does in one pass, up to its capacity or without end."""

import copy

import pytest
import torch

from ar_lab.layers.positions import Rotary, turned
from ar_lab.models.transformer import Transformer
from ar_lab.space import Space

TEXT = Space("sequence", (12,), 5)
OPTIONS = {
    "rotary": {},
    "learned": {"positions": "learned"},
    "window": {"window": 3},
    "window_of_one": {"window": 1},
    "rmsnorm": {"norm": "rmsnorm"},
    "no_qk_norm": {"qk_norm": False},
    "swiglu": {"mlp": "swiglu"},
    "gelu": {"mlp": "gelu"},
    "tied": {"tied": True},
    "ngrams": {"ngrams": 4, "buckets": 50},
}


def network(space: Space = TEXT, outputs: int = 5, **keys) -> Transformer:
    torch.manual_seed(0)
    made = Transformer(space, outputs, **{"layers": 2, "width": 16, "heads": 2} | keys).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))  # gains and biases that are not 1 and 0
    return made


def stream(length: int = 12) -> torch.Tensor:
    return torch.randint(5, (2, length), generator=torch.Generator().manual_seed(1))


def in_pieces(transformer: Transformer, x: torch.Tensor, length: int, pieces: tuple[int, ...]) -> torch.Tensor:
    """The parameters of the first `length` places from passes over pieces, then from steps."""
    state, known, params = transformer.start(len(x)), 0, []
    for piece in pieces:
        some, state = transformer.extend(x[:, known : known + piece], state)
        params += some.unbind(1)
        known += piece
    for i in range(known, length):
        one, state = transformer.step(None if i == known else x[:, i - 1], state)
        params.append(one)
    return torch.stack(params, dim=1)


@pytest.mark.parametrize("option", OPTIONS)
@torch.no_grad()
def test_pieces_and_steps_repeat_one_pass_with_every_option(option):
    transformer, x = network(**OPTIONS[option]).eval(), stream()
    for pieces in [(), (1,), (4, 5), (12,)]:
        torch.testing.assert_close(in_pieces(transformer, x, 12, pieces), transformer(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("option", OPTIONS)
@torch.no_grad()
def test_steps_in_single_precision_stay_close(option):
    transformer, x = network(**OPTIONS[option]).float().eval(), stream()
    torch.testing.assert_close(in_pieces(transformer, x, 12, (3,)), transformer(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_changes_what_is_computed(option):
    if option != "rotary":
        plain, other = network(), network(**OPTIONS[option])
        other.load_state_dict(plain.state_dict(), strict=False) if option != "swiglu" else None
        assert (plain(stream()) - other(stream())).abs().max() > 1e-4


@torch.no_grad()
def test_a_window_of_rotary_text_goes_on_without_end_at_constant_memory():
    transformer, x = network(window=3, ngrams=2, buckets=50).eval(), stream(700)
    assert transformer.carries
    whole = transformer.extend(x, transformer.start(2))[0]
    torch.testing.assert_close(in_pieces(transformer, x, 700, (5, 20, 1)), whole, rtol=0, atol=1e-10)
    state = transformer.extend(x, transformer.start(2))[1]
    assert {part.shape[2] for keys_values in state.memory for part in keys_values} == {2}


@torch.no_grad()
def test_a_window_forgets_exactly_what_lies_beyond_the_reach_of_all_layers():
    transformer, x = network(window=3, layers=2).eval(), stream(40)
    whole = transformer.extend(x, transformer.start(2))[0]
    moved, state = x.roll(-20, dims=1), transformer.start(2)
    late = transformer.extend(moved[:, :20], state)[0]
    torch.testing.assert_close(late[:, 5:], whole[:, 25:], rtol=0, atol=1e-10)  # 2 layers x (3 - 1) places, and one
    assert (late[:, 4] - whole[:, 24]).abs().max() > 1e-6


@pytest.mark.parametrize("keys", [{}, {"window": 3, "positions": "learned"}])
def test_only_rotary_text_with_a_window_is_carried(keys):
    assert not network(**keys).carries
    assert not network(Space("vector", (6,), 5), window=3).carries


def test_a_detached_state_keeps_its_values_and_stops_the_gradient():
    transformer, x = network(window=4), stream()
    _, state = transformer.extend(x[:, :6], transformer.start(2))
    detached = copy.copy(state).detach()
    assert torch.equal(transformer.extend(x[:, 6:], detached)[0], transformer.extend(x[:, 6:], state)[0])
    assert not any(part.requires_grad for pair in detached.memory for part in pair)
    assert all(part.requires_grad for pair in state.memory for part in pair)
    assert transformer.start(2).detach().memory is None


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
    with pytest.raises(ValueError, match=r"dimensions 12\.\.12: an example has 12"):
        in_pieces(transformer, stream(13), 13, (10,))


@torch.no_grad()
def test_weights_that_changed_between_two_starts_are_seen_by_the_steps():
    transformer, x = network(), stream()
    in_pieces(transformer, x, 12, ())
    for parameter in transformer.parameters():
        parameter.mul_(1.1)
    torch.testing.assert_close(in_pieces(transformer, x, 12, ()), transformer(x), rtol=0, atol=1e-12)


def test_steps_leave_no_gradient_and_run_under_autocast():
    transformer, x = network(norm="rmsnorm", qk_norm=True).float(), stream()
    with torch.autocast("cpu", torch.bfloat16):
        params, mixed = in_pieces(transformer, x, 12, ()), in_pieces(transformer, x, 12, (4,))
    assert not params.requires_grad
    torch.testing.assert_close(params.float(), transformer(x), rtol=0, atol=0.1)
    torch.testing.assert_close(mixed.float(), transformer(x), rtol=0, atol=0.1)


@torch.no_grad()
def test_half_precision_takes_steps_as_well():
    transformer, x = network().bfloat16().eval(), stream()
    torch.testing.assert_close(in_pieces(transformer, x, 12, (2,)), transformer(x), rtol=0, atol=0.2)


def test_rotary_scores_depend_on_the_distance_alone_however_far_the_stream_has_come():
    rotary = Rotary(8)
    q, k = torch.randn(2, 1, 1, 1, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def score(i: int, j: int) -> torch.Tensor:
        return (turned(q, rotary(i, i + 1, q)) * turned(k, rotary(j, j + 1, k))).sum()

    torch.testing.assert_close(score(7, 3), score(44, 40), rtol=0, atol=1e-12)
    torch.testing.assert_close(score(7, 3), score(10_000_007, 10_000_003), rtol=0, atol=1e-7)
    assert (score(7, 3) - score(7, 4)).abs() > 1e-3


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"width": 10, "heads": 4}, "width=10 is not divisible by heads=4"),
        ({"width": 6, "heads": 2}, "head of 3 features"),
        ({"positions": "sinus"}, "positions='sinus': choose one of rotary, learned"),
        ({"norm": "batchnorm"}, "norm='batchnorm': choose one of layernorm, rmsnorm"),
        ({"mlp": "relu"}, "mlp='relu': choose one of gelu, relu2, swiglu"),
        ({"outputs": 3, "tied": True}, "3 outputs for 5 levels of each sequence; use tied=false"),
        ({"space": Space("vector", (4,), None), "ngrams": 2}, "ngrams=2: needs discrete data"),
    ],
)
def test_impossible_choices_are_refused_with_the_remedy(keys, message):
    with pytest.raises(ValueError, match=message):
        network(**keys)


def test_residual_branches_start_small():
    transformer = Transformer(TEXT, 5, layers=8, width=128)
    branch, other = transformer.blocks[0].mlp.down.weight.std(), transformer.blocks[0].mlp.up.weight.std()
    assert 0.2 < (branch / other).item() < 0.3  # 1 / sqrt(16)


def test_the_narrowest_swiglu_is_not_empty():
    assert network(width=2, heads=1, mlp="swiglu").blocks[0].mlp.down.in_features > 0


def test_swiglu_has_as_many_weights_as_the_others():
    relu2, swiglu = (sum(p.numel() for p in network(width=96, mlp=mlp).parameters()) for mlp in ("relu2", "swiglu"))
    assert abs(swiglu / relu2 - 1) < 0.01


def test_dropout_works_in_training_alone():
    transformer, x = network(dropout=0.5), stream()
    assert not torch.equal(transformer(x), transformer(x))
    transformer.eval()
    assert torch.equal(transformer(x), transformer(x))
