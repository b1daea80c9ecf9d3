"""Every dimension is scored once, by the protocol that the docstring promises."""

import pytest
import torch

from ar_lab.codecs.text import CharacterCodec
from ar_lab.evaluation.scoring import score_examples, score_stream
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.models.transformer import Transformer

CONTEXT = 8


@pytest.fixture
def codec():
    return CharacterCodec("abcd", unknown=True, context=CONTEXT)


def model(kind, codec):
    torch.manual_seed(0)
    likelihood = Categorical(codec.space)
    return AutoregressiveModel(kind(codec.space, likelihood.outputs), likelihood).double().eval()


def stream(length):
    return torch.randint(0, 4, (length,), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def test_a_carried_stream_is_one_long_chain_rule(codec, monkeypatch):
    monkeypatch.setattr("ar_lab.evaluation.scoring.STREAM_CHUNK", 7)
    rnn, text = model(CharRNN, codec), stream(50)
    params, _ = rnn.network.extend(text.long()[None], rnn.network.start(1))
    whole = -rnn.likelihood.conditional(params).log_prob(text.long()[None])[0]
    assert torch.allclose(score_stream(rnn, codec, text, None, 4), whole, atol=1e-12)


@pytest.mark.parametrize("length", [3, CONTEXT, CONTEXT + 1, 29, 32])
@pytest.mark.parametrize("stride", [1, 3, None, CONTEXT])
def test_windows_score_every_character_once_with_the_context_promised(codec, length, stride):
    transformer, text = model(Transformer, codec), stream(length)
    nll = score_stream(transformer, codec, text, stride, 4)
    assert len(nll) == length
    step = CONTEXT // 2 if stride is None else stride
    for i in range(length):
        if i < CONTEXT:
            first = 0
        elif (i - CONTEXT) // step * step + step <= length - CONTEXT:
            first = (i - CONTEXT) // step * step + step
        else:
            first = length - CONTEXT
        params, _ = transformer.network.extend(text[None, first : i + 1].long(), transformer.network.start(1))
        expected = -transformer.likelihood.conditional(params[:, -1]).log_prob(text[None, i].long())
        assert torch.allclose(nll[i], expected, atol=1e-9), i


def test_an_unknown_character_is_charged_beyond_its_symbol(codec):
    rnn = model(CharRNN, codec)
    x = codec.encode("abZ")
    charge = (
        score_stream(rnn, codec, x, None, 1)
        + rnn.likelihood.conditional(rnn.network.extend(x.long()[None], rnn.network.start(1))[0])
        .log_prob(x.long()[None])[0]
        .double()
    )
    assert torch.allclose(charge, codec.charge(x).double())


def test_a_stride_outside_the_window_is_refused(codec):
    with pytest.raises(ValueError, match=r"stride=9 for windows of 8: use 1\.\.8"):
        score_stream(model(Transformer, codec), codec, stream(30), 9, 4)


def test_the_score_of_an_example_does_not_depend_on_its_batch(codec):
    transformer, x = model(Transformer, codec), stream(5 * CONTEXT).reshape(5, CONTEXT)
    one_by_one = score_examples(transformer, codec, x, 1)
    assert torch.allclose(score_examples(transformer, codec, x, 5), one_by_one, atol=1e-12)
