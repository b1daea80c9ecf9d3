"""Learning while coding: nothing is known before it was coded, and a decoder learns the very same."""

from math import log

import numpy as np
import pytest
import torch

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.text import CharacterCodec
from ar_lab.coding.alphabet import Levels
from ar_lab.coding.layout import Layout
from ar_lab.coding.prequential import Learner, nats_by_segments
from ar_lab.coding.walk import Walk
from ar_lab.likelihoods.bernoulli import Bernoulli
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.models.made import MADE
from ar_lab.models.ngram import NGram
from ar_lab.models.prior import PriorNetwork
from ar_lab.models.transformer import Transformer

LEVELS, LANES, SEGMENT, LENGTH, LR = 5, 4, 8, 1001, 0.01
TEXT = CharacterCodec("abcde", unknown=False, context=SEGMENT)
PIXELS = ImageCodec((2, 3, 1), 2, 2)
ALPHABET = Levels(torch.device("cpu"))
PERIOD = np.tile([0, 1, 2, 3, 4, 4, 0, 2], LENGTH // 8 + 1)[:LENGTH]
IMAGES = np.random.default_rng(0).integers(0, 2, (90, 1)).repeat(6, axis=1)  # all black or all white

NETWORKS = {
    "charrnn": lambda space, outputs: CharRNN(space, outputs, hidden=16),
    "hashed": lambda space, outputs: CharRNN(space, outputs, hidden=16, ngrams=2, buckets=32),
    "ngram": lambda space, outputs: NGram(space, outputs, order=3),
    "prior": lambda space, outputs: PriorNetwork(CharRNN(space, outputs, hidden=16), order=3),
    "transformer": lambda space, outputs: Transformer(space, outputs, layers=1, width=16, heads=2),
}


def model(name: str) -> AutoregressiveModel:
    torch.manual_seed(0)
    likelihood = Categorical(TEXT.space)
    return AutoregressiveModel(NETWORKS[name](TEXT.space, likelihood.outputs), likelihood)


def of_images() -> AutoregressiveModel:
    torch.manual_seed(0)
    return AutoregressiveModel(MADE(PIXELS.space, 1), Bernoulli(PIXELS.space))


def coded(learner: Learner, symbols: np.ndarray = PERIOD, segment: int = SEGMENT) -> list[tuple[int, float]]:
    dims = None if symbols.ndim == 1 else symbols.shape[1]
    layout = Layout(len(symbols), dims, LANES)
    return list(nats_by_segments(learner, ALPHABET, symbols.reshape(-1), layout, segment))


def lanes(symbols: np.ndarray) -> torch.Tensor:
    """By hand: one column more for the lanes that are longer, which is 0 in the others."""
    parts = np.array_split(symbols, LANES)
    return torch.tensor([[*part, *[0] * (len(parts[0]) - len(part))] for part in parts])


def assert_equal(one: AutoregressiveModel, two: AutoregressiveModel) -> None:
    other = two.state_dict()
    assert all(tensor.equal(other[name]) for name, tensor in one.state_dict().items())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("length", [1, 47])
def test_every_symbol_is_scored_once(name, length):
    assert sum(scored for scored, _ in coded(Learner(model(name), LR), PERIOD[:length])) == length


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_segment_is_scored_by_the_untrained_model(name):
    x = lanes(PERIOD)[:, :SEGMENT]
    with torch.no_grad():
        untrained = model(name).eval().nll(x).double().sum()
    assert coded(Learner(model(name), LR))[0] == (x.numel(), pytest.approx(float(untrained), rel=1e-6))


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_regular_is_learned_in_one_pass(name):
    nats = [nats / scored for scored, nats in coded(Learner(model(name), LR))]
    half = len(nats) // 2
    assert np.mean(nats[half:]) < 0.7 * np.mean(nats[:half])


def test_an_ngram_that_learns_codes_a_repetition_far_below_the_uniform_code():
    assert sum(nats for _, nats in coded(Learner(model("ngram"), LR))) < 0.4 * LENGTH * log(LEVELS)


def test_examples_are_learned_in_batches():
    steps = coded(Learner(of_images(), 0.05), IMAGES)
    assert [scored for scored, _ in steps] == [LANES * 6] * 22 + [2 * 6]
    assert sum(nats for _, nats in steps[-6:]) < 0.5 * sum(nats for _, nats in steps[:6])


@pytest.mark.parametrize("name", NETWORKS)
def test_no_score_depends_on_what_comes_after_it(name):
    text = lanes(PERIOD)[:, : 14 * SEGMENT]
    other = text.clone()
    other[:, 12 * SEGMENT :] = 4 - other[:, 12 * SEGMENT :]
    one = coded(Learner(model(name), LR), text.flatten().numpy())
    two = coded(Learner(model(name), LR), other.flatten().numpy())
    assert one[:12] == two[:12]
    assert one[13] != two[13]


@pytest.mark.parametrize("name", NETWORKS)
def test_two_learners_of_the_same_text_are_equal_to_the_bit(name):
    one, two = Learner(model(name), LR), Learner(model(name), LR)
    text = np.random.default_rng(0).integers(0, LEVELS, 401)  # no segment is like another
    first = coded(one, text)
    torch.rand(3)  # nobody else's random numbers are theirs
    assert coded(two, text) == first
    assert_equal(one.model, two.model)


def test_an_ngram_is_fitted_to_all_lanes_whenever_a_quarter_more_is_seen():
    by_hand, x, state, expected, due = model("ngram"), lanes(PERIOD), None, [], 256
    state = by_hand.network.start(LANES)
    for first in range(0, x.shape[1], SEGMENT):
        segment, seen = x[:, first : first + SEGMENT], x[:, : first + SEGMENT]
        params, state = by_hand.network.extend(segment, state)
        nll = -by_hand.likelihood.conditional(params).log_prob(segment).double()
        live = LENGTH % LANES if first + SEGMENT >= x.shape[1] else LANES
        expected.append(float(nll.sum() - nll[live:, -1].sum()))
        if seen.numel() >= due:
            by_hand.network.estimate(torch.cat([lane for lane in seen]))
            due = seen.numel() + seen.numel() // 4
    np.testing.assert_allclose([nats for _, nats in coded(Learner(model("ngram"), LR))], expected, rtol=1e-6)


def test_what_the_ngram_under_a_network_has_counted_is_not_shown_to_it_again():
    learner, by_hand, x = Learner(model("prior"), LR), model("prior").eval(), lanes(PERIOD)[:, : 16 * SEGMENT]
    optimizer = torch.optim.Adam(by_hand.parameters(), LR, (0.9, 0.99))
    states = [some.network.start(LANES) for some in (learner.model, by_hand)]
    for number, segment in enumerate(x.split(SEGMENT, dim=1), 1):
        states[0] = learner.learn(segment, states[0])
        params, after = by_hand.network.extend(segment, states[1])
        optimizer.zero_grad()
        (-by_hand.likelihood.conditional(params).log_prob(segment)).mean().backward()
        optimizer.step()
        states[1] = after.detach()
        if number in (8, 10, 13):  # 256 symbols, and whenever a quarter more
            by_hand.network.prior.estimate(x[:, : number * SEGMENT].flatten())
    torch.testing.assert_close(dict(learner.model.state_dict()), dict(by_hand.state_dict()))


def test_a_network_is_shown_earlier_segments_again():
    first, second = lanes(PERIOD)[:, : 2 * SEGMENT].split(SEGMENT, dim=1)
    often, once = Learner(model("charrnn"), LR), Learner(model("charrnn"), LR)
    once.replays = 0
    for learner in (often, once):
        state = learner.learn(second, learner.learn(first, learner.model.network.start(LANES)))
        assert not any(part.requires_grad for part in state.memory)
    with torch.no_grad():
        assert often.model.nll(first).mean() < once.model.nll(first).mean() - 0.01


def test_where_no_state_is_carried_every_segment_begins_anew():
    segment = lanes(PERIOD)[:, :SEGMENT]
    learner = Learner(model("transformer"), LR)
    with torch.no_grad():
        state = learner.model.network.extend(segment, learner.model.network.start(LANES))[1]
    other = Learner(model("transformer"), LR)
    learner.learn(segment, state)  # which is full
    other.learn(segment, other.model.network.start(LANES))
    assert_equal(learner.model, other.model)


def test_no_more_is_remembered_than_the_ngram_counts():
    some = model("ngram")
    some.network.symbols = 10 * LANES * SEGMENT
    learner = Learner(some, LR)
    coded(learner)
    assert len(learner.seen) == 10


@pytest.mark.parametrize("name", ["charrnn", "prior", "transformer"])
def test_what_is_coded_step_by_step_has_the_same_length(name):
    x, stepped = lanes(PERIOD[: 50 * LANES]), []
    walk = Walk(some := model(name), LANES, learner=Learner(some, LR), segment=SEGMENT)
    for values in x.unbind(1):
        stepped.append(-float(walk.ask(LANES).log_prob(values[:, None]).sum()))
        walk.tell(values)
    parallel = sum(nats for _, nats in coded(Learner(model(name), LR), PERIOD[: 50 * LANES]))
    assert sum(stepped) == pytest.approx(parallel, rel=1e-4)


def test_the_settings_of_torch_stay_as_they_were():
    assert not torch.are_deterministic_algorithms_enabled()
    coded(Learner(model("charrnn"), LR), PERIOD[:64])
    assert not torch.are_deterministic_algorithms_enabled()
