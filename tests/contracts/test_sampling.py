"""Promise 4: the loss in evaluation mode is the negative log-likelihood of the very distribution that is sampled.

On a grid of noise an inverse CDF is exact to one count, so nothing here is random.
"""

import torch
from torch import Tensor

from tests.contracts.registry import SPACES, TINY, Case, draw, enumerate_examples, every_case, labels

DISCRETE = {name: space for name, space in TINY.items() if space.discrete}
REAL = {name: space for name, space in TINY.items() if not space.discrete}
POINTS = 8  # of the noise grid, in each dimension


def noise_grid(dims: int) -> Tensor:
    points = (torch.arange(POINTS, dtype=torch.float64) + 0.5) / POINTS
    return torch.cartesian_prod(*[points] * dims)


def with_dropout(case: Case) -> dict:
    return {"dropout": 0.5} if "dropout" in case.keys else {}


@every_case(DISCRETE)
def test_samples_are_counted_as_the_loss_says(case: Case):
    model = case.build(**with_dropout(case))
    examples, noise = enumerate_examples(case.space), noise_grid(case.space.dims)
    label = None if case.space.classes is None else torch.ones(max(len(noise), len(examples)), dtype=torch.long)
    samples = model.sample(len(noise), noise, condition=None if label is None else label[: len(noise)])
    with torch.no_grad():
        probability = model.log_prob(examples, None if label is None else label[: len(examples)]).exp()
    if model.network.order is not None:  # prefixes are those in the order of the chain rule
        examples, samples = examples[:, model.network.order], samples[:, model.network.order]
    for i in range(case.space.dims):
        for prefix in examples[:, : i + 1].unique(dim=0):
            before = (samples[:, :i] == prefix[:i]).all(-1)
            if not before.any():
                continue
            sampled = (samples[before, i] == prefix[i]).double().mean()
            given = (examples[:, :i] == prefix[:i]).all(-1)
            expected = probability[given & (examples[:, i] == prefix[i])].sum() / probability[given].sum()
            assert abs(sampled - expected) <= 1 / POINTS + 1e-9, (prefix, sampled, expected)


@every_case(REAL)
def test_real_samples_fall_where_the_loss_says(case: Case):
    model = case.build(**with_dropout(case))
    points, dims = 4096, case.space.dims
    noise = torch.full((points, dims), 0.3, dtype=torch.float64)
    noise[:, -1] = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    samples = model.sample(len(noise), noise)
    assert (samples[:, :-1] == samples[0, :-1]).all()
    edges = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    with torch.no_grad():
        params = model.network(samples[:1])[:, -1].expand(len(edges), -1)
        density = model.likelihood.conditional(params).log_prob(edges).exp()
    cdf = torch.cumulative_trapezoid(density, edges)
    sampled = (samples[:, -1:] <= edges[1:]).double().mean(0)
    assert (sampled - cdf).abs().max() < 16 / points  # a few counts for every component of a mixture


@every_case(SPACES)
def test_a_sample_is_a_function_of_model_and_noise(case: Case):
    model = case.build(torch.float32, **with_dropout(case))
    noise = model.draw_noise(4, torch.Generator().manual_seed(2))
    condition = labels(case.space, 4)
    samples = model.sample(4, noise, condition=condition)
    assert samples.dtype == draw(case.space, 1, torch.float32).dtype
    assert torch.equal(samples, model.sample(4, noise, condition=condition))
    assert not torch.equal(samples, model.sample(4, 1 - noise, condition=condition))
