"""Dynamic evaluation: score, then learn; never the other way round."""

import pytest
import torch

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.text import ByteCodec, CharacterCodec
from ar_lab.evaluation.dynamic import Adapting
from ar_lab.evaluation.scoring import score_examples, score_stream
from ar_lab.likelihoods.bernoulli import Bernoulli
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.models.made import MADE
from ar_lab.models.ngram import NGram
from ar_lab.models.transformer import Transformer

CONTEXT, LR, DECAY = 8, 0.5, 0.1
CODEC = CharacterCodec("abcd", unknown=True, context=CONTEXT)
PIXELS = ImageCodec((2, 3, 1), 2, 2)


def model(kind, codec=CODEC, likelihood=Categorical):
    torch.manual_seed(0)
    head = likelihood(codec.space)
    return AutoregressiveModel(kind(codec.space, head.outputs), head).double().eval().requires_grad_(False)


def stream(length):
    return torch.randint(0, 5, (length,), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def images(count):
    return torch.randint(0, 2, (count, 6), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def by_hand(copy, trained, loss):
    """The rule itself, written out with torch's own SGD."""
    before = [parameter.detach().clone() for parameter in copy.parameters()]
    optimizer = torch.optim.SGD(copy.parameters(), lr=LR)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for parameter, was, first in zip(copy.parameters(), before, trained.parameters(), strict=True):
            parameter += DECAY * (first - was)


def test_every_batch_is_scored_by_the_weights_that_those_before_it_taught():
    trained, copy, x = model(MADE, PIXELS, Bernoulli), model(MADE, PIXELS, Bernoulli).requires_grad_(True), images(20)
    found, expected = Adapting(trained, LR, DECAY).score_examples(PIXELS, x, 6), []
    for batch in x.split(6):
        nll = copy.nll(batch.long())
        expected.append(nll.detach())
        by_hand(copy, trained, nll.mean())
    torch.testing.assert_close(found, torch.cat(expected), rtol=1e-12, atol=1e-12)
    assert not torch.allclose(found[6:], score_examples(trained, PIXELS, x, 6)[6:])


def test_a_carried_stream_keeps_its_state_and_learns_by_windows():
    trained, copy, text = model(CharRNN), model(CharRNN).requires_grad_(True), stream(30)
    found, expected, state = Adapting(trained, LR, DECAY).score_stream(CODEC, text, None), [], copy.network.start(1)
    for segment in text.long().split(CONTEXT):
        params, state = copy.network.extend(segment[None], state)
        nll = -copy.likelihood.conditional(params).log_prob(segment[None])[0]
        expected.append(nll.detach() + CODEC.charge(segment))
        by_hand(copy, trained, nll.mean())
        state = state.detach()
    torch.testing.assert_close(found, torch.cat(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("length", [5, CONTEXT, 29])
@pytest.mark.parametrize(("kind", "stride"), [(CharRNN, None), (CharRNN, 3), (Transformer, None), (Transformer, 5)])
def test_without_learning_the_score_is_that_of_the_stream(kind, stride, length):
    trained, text = model(kind), stream(length)
    still = Adapting(trained, 0.0, 0.0).score_stream(CODEC, text, stride)
    torch.testing.assert_close(still, score_stream(trained, CODEC, text, stride, 4), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [CharRNN, Transformer])
def test_no_score_depends_on_what_comes_after_it(kind):
    trained, text = model(kind), stream(40)
    other = torch.cat([text[:21], 4 - text[21:]])
    one, two = (Adapting(trained, LR, DECAY).score_stream(CODEC, some, None) for some in (text, other))
    assert torch.equal(one[:21], two[:21])
    assert not torch.equal(one[22:], two[22:])


def test_the_trained_model_stays_as_it_is():
    trained, before = model(CharRNN), model(CharRNN)
    Adapting(trained, LR, DECAY).score_stream(CODEC, stream(30), None)
    for now, then in zip(trained.parameters(), before.parameters(), strict=True):
        assert torch.equal(now, then) and not now.requires_grad


def test_a_model_without_parameters_is_refused():
    codec = ByteCodec(CONTEXT)
    with pytest.raises(ValueError, match="has no parameters to learn"):
        Adapting(model(NGram, codec), LR, DECAY)
