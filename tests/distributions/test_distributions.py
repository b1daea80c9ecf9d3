"""Every known distribution: log P sums to one, samples follow it, and the entropy is that of either."""

from math import cosh, log, pi, sqrt

import pytest
import torch
from scipy import stats

from ar_lab.distributions.base import Process, enumerated_entropy, every_example, is_enumerable, sampled_entropy
from ar_lab.distributions.gaussian_mixture import GaussianMixture
from ar_lab.distributions.hmm import HiddenMarkov
from ar_lab.distributions.ising import Ising
from ar_lab.distributions.markov import MarkovChain
from ar_lab.distributions.ring import Ring
from ar_lab.space import Space

SHORT = Space("sequence", (5,), 3)
DISCRETE = {
    "markov of order 1": MarkovChain.random(SHORT, 1, 0.5, 0),
    "markov of order 3": MarkovChain.random(SHORT, 3, 0.5, 1),
    "markov shorter than its order": MarkovChain.random(Space("sequence", (2,), 3), 3, 0.5, 2),
    "hmm": HiddenMarkov.random(SHORT, 3, 0.8, 0.3, 0),
    "ising": Ising(3, 3, 0.5, 0.1),
    "ising of one column": Ising(5, 1, 0.5, -0.3),
    "ising of one row": Ising(1, 5, -0.5, 0.3),
}
REAL = {
    "mixture": GaussianMixture.random(2, 3, 3.0, 0),
    "mixture in one dimension": GaussianMixture.random(1, 2, 3.0, 0),
    "ring": Ring(3.0, 0.3),
    "ring with petals": Ring(2.0, 0.8, 1.0, 3),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", DISCRETE)
def test_probabilities_sum_to_one_and_the_entropy_is_that_of_their_sum(name):
    distribution = DISCRETE[name]
    log_p = distribution.log_prob(every_example(distribution.space))
    assert log_p.dtype == torch.float64
    assert float(log_p.exp().sum()) == pytest.approx(1, abs=1e-12)
    assert distribution.entropy().nats == pytest.approx(float(-(log_p.exp() * log_p).sum()), abs=1e-12)


@pytest.mark.parametrize("name", DISCRETE)
def test_samples_follow_the_probabilities(name):
    distribution, count = DISCRETE[name], 10_000
    x = distribution.sample(count, seeded())
    assert torch.equal(x, distribution.sample(count, seeded()))
    levels, dims = distribution.space.levels, distribution.space.dims
    seen = torch.bincount((x * levels ** torch.arange(dims).flip(0)).sum(1), minlength=levels**dims)
    expected = distribution.log_prob(every_example(distribution.space)).exp() * count
    order = expected.argsort(descending=True)
    kept = order[expected[order] >= 5]  # the rest together, as the test wants no rarer ones
    rest = expected.sum() - expected[kept].sum(), seen.sum() - seen[kept].sum()
    pairs = [
        *zip(expected[kept].tolist(), seen[kept].tolist(), strict=True),
        *([map(float, rest)] if rest[0] > 5 else []),
    ]
    wanted, found = map(torch.tensor, zip(*pairs, strict=True))
    statistic = float(((found - wanted) ** 2 / wanted).sum())
    assert stats.chi2.sf(statistic, len(pairs) - 1) > 1e-4


@pytest.mark.parametrize("name", REAL)
def test_densities_integrate_to_one(name):
    distribution = REAL[name]
    step, reach = 0.02, 14.0
    axis = torch.arange(-reach, reach, step, dtype=torch.float64) + step / 2
    if distribution.space.dims == 1:
        assert float(distribution.log_prob(axis[:, None]).exp().sum() * step) == pytest.approx(1, abs=1e-9)
        return
    total = sum(float(distribution.log_prob(torch.stack([a.expand(len(axis)), axis], 1)).exp().sum()) for a in axis)
    assert total * step**2 == pytest.approx(1, abs=1e-3)  # at the origin a wide ring has a pole


@pytest.mark.parametrize("name", REAL)
def test_the_entropy_of_a_density_is_the_mean_over_its_samples(name):
    distribution = REAL[name]
    sampled = sampled_entropy(distribution, 50_000)
    assert distribution.entropy().se is None
    assert abs(distribution.entropy().nats - sampled.nats) < 4 * sampled.se < 0.05


def test_a_mixture_has_the_moments_of_its_samples():
    mixture = GaussianMixture.random(3, 4, 2.0, 0)
    x = mixture.sample(100_000, seeded())
    mean = mixture.weights @ mixture.means
    spread = mixture.means - mean
    covariance = torch.einsum("m,mij->ij", mixture.weights, mixture.covariances + spread[:, :, None] * spread[:, None])
    torch.testing.assert_close(x.mean(0), mean, rtol=0, atol=0.05)
    torch.testing.assert_close(x.T.cov(), covariance, rtol=0.05, atol=0.05)
    assert mixture.entropy().how == "Monte Carlo"
    assert mixture.entropy().se > 0


def test_one_gaussian_has_the_entropy_of_the_textbook():
    one = GaussianMixture(torch.ones(1), torch.tensor([[1.0, -2.0]]), torch.diag(torch.tensor([0.5, 3.0]))[None])
    assert one.entropy().nats == pytest.approx(log(2 * pi) + 1 + log(0.5 * 3.0), abs=1e-12)


def test_the_radius_and_angle_of_a_ring_are_those_it_says():
    ring = Ring(2.0, 0.9, 0.8, 3)
    x = ring.sample(20_000, seeded())
    low = -2.0 / 0.9
    assert stats.kstest(x.norm(dim=1).numpy(), stats.truncnorm(low, 50, 2.0, 0.9).cdf).pvalue > 1e-3
    angle = torch.atan2(x[:, 1], x[:, 0])
    assert float((3 * angle).cos().mean()) == pytest.approx(0.4, abs=0.02)  # E cos = a / 2
    assert float(angle.cos().mean()) == pytest.approx(0, abs=0.02)


def test_a_narrow_ring_has_the_entropy_of_a_line_on_a_circle():
    radius, width = 5.0, 0.01
    line = 0.5 * log(2 * pi * width**2) + 0.5 + log(2 * pi * radius)
    assert Ring(radius, width).entropy().nats == pytest.approx(line, abs=1e-5)


def test_the_entropy_of_a_ring_of_a_hair_is_not_missed():
    assert Ring(1.0, 1e-6).entropy().nats == pytest.approx(log(2 * pi * 1e-6 * sqrt(2 * pi)) + 0.5, abs=1e-6)


def test_means_too_far_apart_for_a_grid_have_their_entropy_by_monte_carlo():
    entropy = GaussianMixture.random(2, 8, 1000.0, 0).entropy()
    assert entropy.how == "Monte Carlo"
    near = GaussianMixture.random(2, 8, 20.0, 0).entropy()  # as far apart as makes no difference
    assert entropy.nats == pytest.approx(near.nats, abs=5 * entropy.se)


def test_without_agreement_pixels_are_coins():
    assert Ising(4, 4, 0.0, 1.0).entropy().nats == pytest.approx(16 * log(2), abs=1e-12)


def test_a_chain_of_spins_has_the_partition_function_of_the_textbook():
    assert Ising(9, 1, 0.7).log_z == pytest.approx(9 * log(2) + 8 * log(cosh(0.7)), abs=1e-12)


def test_the_agreement_of_larger_images_is_the_slope_of_their_partition_function():
    ising, above, below = (Ising(6, 7, beta, 0.1) for beta in (0.4, 0.4001, 0.3999))
    agreement = ising.agreement(ising.sample(20_000, seeded()))
    slope = (above.log_z - below.log_z) / 0.0002
    assert abs(float(agreement.mean()) - slope) < 4 * float(agreement.std()) / sqrt(20_000)


PROCESSES = {name: DISCRETE[name] for name in ("markov of order 1", "markov of order 3", "hmm")}


@pytest.mark.parametrize("name", PROCESSES)
def test_the_windows_of_a_process_are_alike_wherever_they_begin(name):
    process: Process = PROCESSES[name]
    longer = every_example(Space("sequence", (4,), 3))
    joint = (-process.nats(longer).sum(1)).exp().view(3, 3, 3, 3)
    torch.testing.assert_close(joint.sum(0), joint.sum(3), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_entropy_rate_is_the_mean_over_a_long_draw(name):
    process: Process = PROCESSES[name]
    nats, rate = process.nats(process.draw(30_000, seeded(1))), process.entropy_rate()
    error = float(nats.view(-1, 500).mean(1).std()) / sqrt(60)
    assert abs(float(nats.mean()) - rate.nats) < 4 * sqrt(error**2 + (rate.se or 0) ** 2) < 0.1


def test_the_entropy_rate_of_a_hidden_chain_lies_between_its_bounds():
    """H(x_n | x_1 … x_{n-1}, s_1) <= H <= H(x_n | x_1 … x_{n-1}) (Cover and Thomas, 2006, theorem 4.5.1)."""
    hidden = DISCRETE["hmm"]

    def given_past(start: torch.Tensor) -> float:
        law = HiddenMarkov(SHORT, hidden.transition, hidden.emission)
        law.start = start
        longer, shorter = (every_example(Space("sequence", (n,), 3)) for n in (8, 7))
        entropies = [torch.special.entr((-law.nats(x).sum(1)).exp()).sum() for x in (longer, shorter)]
        return float(entropies[0] - entropies[1])

    states = torch.eye(3, dtype=torch.float64)
    lower = sum(float(p) * given_past(state) for p, state in zip(hidden.start, states, strict=True))
    rate = hidden.entropy_rate()
    assert lower - 4 * rate.se < rate.nats < given_past(hidden.start) + 4 * rate.se
    assert rate.se < 0.01


def test_less_context_leaves_more_entropy_down_to_the_rate():
    chain = DISCRETE["markov of order 3"]
    given = [chain.entropy_given(symbols) for symbols in range(5)]
    assert given[0] > given[1] > given[2] > given[3] == given[4] == chain.entropy_rate().nats
    windows = [enumerated_entropy(MarkovChain(Space("sequence", (n,), 3), chain.transition)).nats for n in (1, 2, 3)]
    assert given[:3] == pytest.approx([windows[0], windows[1] - windows[0], windows[2] - windows[1]], abs=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MarkovChain.random(SHORT, 8, 0.5, 0), "order=8 over 3 symbols"),
        (lambda: MarkovChain(SHORT, torch.full((4, 3), 1 / 3)), "needs .levels..order"),
        (lambda: MarkovChain(SHORT, torch.full((3, 3), 0.4)), "every row must be a distribution"),
        (lambda: Ising(4, 13, 0.4), "width=13"),
        (lambda: Ring(1.0, 0.6), "width=0.6 with radius=1.0"),
        (lambda: GaussianMixture(torch.ones(2), torch.zeros(2, 1), torch.ones(2, 1, 1)), "sum to 1"),
    ],
)
def test_what_makes_no_distribution_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_large_spaces_are_not_enumerated():
    assert not is_enumerable(Ising(5, 5, 0.4).space)
    with pytest.raises(ValueError, match="at most 65,536"):
        every_example(Ising(5, 5, 0.4).space)
