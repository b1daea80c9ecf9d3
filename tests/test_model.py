"""The joint distribution: what is summed, what is kept, what a sample depends on."""

import pytest
import torch

from ar_lab.likelihoods.categorical import Categorical
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture
from ar_lab.likelihoods.truncation import truncated
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.models.transformer import Transformer
from ar_lab.space import Space


@pytest.fixture
def model() -> AutoregressiveModel:
    torch.manual_seed(0)
    space = Space("image", (3, 4, 1), 5)
    return AutoregressiveModel(CharRNN(space, 5, hidden=16), Categorical(space)).double().eval()


def noise_of(model, count, seed=0):
    return model.draw_noise(count, torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_the_joint_is_the_product_of_the_conditionals(model):
    x = model.sample(3, noise_of(model, 3))
    probabilities = model.likelihood.conditional(model.network(x)).pmf().gather(-1, x.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(model.log_prob(x), probabilities.log().sum(-1))
    torch.testing.assert_close(model.log_prob(x), -model.nll(x).sum(-1))


def test_noise_repeats_with_its_seed_and_lies_in_the_unit_interval(model):
    noise = noise_of(model, 100)
    assert noise.shape == (100, 12)
    assert noise.min() >= 0
    assert noise.max() < 1
    assert torch.equal(noise, noise_of(model, 100))
    assert not torch.equal(noise, noise_of(model, 100, seed=1))


def test_completing_keeps_what_is_known_and_samples_the_rest_given_it(model):
    noise, known = noise_of(model, 4), torch.arange(12) < 5
    sample = model.sample(4, noise)
    assert torch.equal(model.complete(sample, known, noise), sample)
    x = (sample + 1) % 5
    completed = model.complete(x, known, noise)
    assert torch.equal(completed[:, :5], x[:, :5])
    assert not torch.equal(completed[:, 5:], sample[:, 5:])


def test_a_known_hole_is_kept_as_well(model):
    noise, known = noise_of(model, 4), torch.arange(12) % 2 == 1
    x = torch.zeros(4, 12, dtype=torch.long)
    completed = model.complete(x, known, noise)
    assert (completed[:, 1::2] == 0).all()
    assert torch.equal(model.complete(x, known, noise, sampler="naive"), completed)


def test_a_temperature_near_zero_takes_the_likeliest_value(model):
    x = model.sample(4, noise_of(model, 4), temperature=1e-3)
    with torch.no_grad():
        likeliest = model.network(x).argmax(-1)
    assert torch.equal(x, likeliest)


def test_sampling_leaves_no_gradient_behind(model):
    assert not model.sample(2, noise_of(model, 2)).requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_stored_codes_are_cast_to_what_the_network_takes(model):
    assert model.cast(torch.zeros(2, 12, dtype=torch.uint8)).dtype == torch.int64
    space = Space("vector", (3,), None)
    likelihood = GaussianMixture(space)
    real = AutoregressiveModel(CharRNN(space, likelihood.outputs, hidden=8), likelihood)
    assert real.cast(torch.zeros(2, 3, dtype=torch.float64)).dtype == torch.float32


def test_pieces_as_they_are_drawn_are_the_sample(model):
    noise = noise_of(model, 3)
    pieces = list(model.draw(noise))
    assert [piece.places for piece in pieces] == [slice(i, i + 1) for i in range(12)]
    assert torch.equal(torch.cat([piece.values for piece in pieces], 1), model.sample(3, noise))
    assert not pieces[0].values.requires_grad


def test_pieces_of_a_network_with_an_order_say_which_dimensions_they_are(model):
    model.network.order = torch.arange(11, -1, -1)
    noise, x = noise_of(model, 3), torch.zeros(3, 12, dtype=torch.long)
    pieces = list(model.draw(noise))
    assert pieces[0].places.tolist() == [11]
    for piece in pieces:
        x[:, piece.places] = piece.values
    assert torch.equal(x, model.sample(3, noise))


def test_completing_is_exact_where_the_known_comes_first_in_the_order(model):
    first, last = torch.arange(12) < 5, torch.arange(12) >= 5
    assert model.comes_first(first)
    assert not model.comes_first(last)
    assert (model.leading(first), model.leading(last)) == (5, 0)
    model.network.order = torch.arange(11, -1, -1)
    assert model.comes_first(last)
    assert not model.comes_first(first)


@torch.no_grad()
def test_truncation_follows_temperature(model):
    noise = noise_of(model, 4)
    assert torch.equal(model.sample(4, noise, top_k=1), model.sample(4, noise, temperature=1e-6))
    cool = model.sample(4, noise, temperature=0.5, top_p=0.9)
    params = model.network(cool)
    kept = truncated(model.likelihood.conditional(params).tempered(0.5), None, 0.9)
    assert kept.log_prob(cool).isfinite().all()
    assert not torch.equal(cool, model.sample(4, noise, temperature=0.5))


@pytest.mark.parametrize(
    "manner",
    [{"temperature": 0.0}, {"temperature": -1.0}, {"top_k": 0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.5}],
    ids=str,
)
def test_a_manner_that_leaves_nothing_to_draw_from_is_one_line(model, manner):
    (name,) = manner
    with pytest.raises(ValueError, match=f"{name}=.*: must be"):
        model.sample(2, **manner)


def test_labels_are_one_an_example(model):
    with pytest.raises(ValueError, match="1 labels for 2 examples"):
        model.sample(2, condition=torch.tensor([0]))


def test_an_unknown_sampler_is_one_line_with_the_choices(model):
    with pytest.raises(ValueError, match="sampler='fast': choose one of cached, jacobi, naive"):
        model.sample(1, sampler="fast")


@pytest.fixture
def text_model() -> AutoregressiveModel:
    torch.manual_seed(0)
    space = Space("sequence", (8,), 5)
    network = Transformer(space, 5, layers=1, width=16, heads=2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))  # so that a value depends on all before it
    return AutoregressiveModel(network, Categorical(space)).double().eval()


def written(model, prompt, noise, **how):
    pieces = list(model.write(prompt, noise, **how))
    places = [i for piece in pieces for i in range(piece.places.start, piece.places.stop)]
    assert places == list(range(prompt.shape[1], prompt.shape[1] + noise.shape[1]))
    return torch.cat([piece.values for piece in pieces], 1)


def test_writing_behind_a_prompt_is_completing_it(text_model):
    noise, prompt = text_model.draw_noise(3), torch.randint(5, (3, 3))
    x = torch.cat([prompt, torch.zeros(3, 5, dtype=torch.long)], 1)
    completed = text_model.complete(x, torch.arange(8) < 3, noise)
    assert torch.equal(written(text_model, prompt, noise[:, 3:]), completed[:, 3:])
    assert torch.equal(written(text_model, prompt[:, :0], noise), text_model.sample(3, noise))


def test_beyond_the_window_writing_goes_on_from_its_second_half(text_model):
    noise, prompt = text_model.draw_noise(2, length=14), torch.randint(5, (2, 3))
    found = written(text_model, prompt, noise)
    first = written(text_model, prompt, noise[:, :5])
    second = written(text_model, first[:, 1:], noise[:, 5:9])
    assert torch.equal(found[:, :5], first)
    assert torch.equal(found[:, 5:9], second)
    assert torch.equal(found[:, 9:13], written(text_model, second, noise[:, 9:13]))
    assert not text_model.reaches(17)
    assert torch.equal(written(text_model, prompt, noise, sampler="naive"), found)


def test_a_prompt_longer_than_the_window_counts_by_its_end(text_model):
    prompt, noise = torch.randint(5, (1, 30)), text_model.draw_noise(1, length=4)
    assert torch.equal(written(text_model, prompt, noise), written(text_model, prompt[:, -4:], noise))


def test_writing_takes_texts_from_left_to_right_alone(text_model):
    text_model.network.order = torch.arange(7, -1, -1)
    noise = text_model.draw_noise(1)
    with pytest.raises(ValueError, match="another order"):
        next(text_model.write(torch.zeros(1, 0, dtype=torch.long), noise))
    with pytest.raises(ValueError, match="another order"):
        text_model.sample(1, noise[:, :5])
