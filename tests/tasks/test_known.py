"""Models against the distribution that their data were drawn from."""

from dataclasses import replace
from math import exp, log

import pytest
import torch

from ar_lab.data.parts import Parts
from ar_lab.distributions.base import every_example
from ar_lab.distributions.markov import MarkovChain
from ar_lab.likelihoods.bernoulli import Bernoulli
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Network
from ar_lab.models.ngram import NGram
from ar_lab.report.known import known_lines
from ar_lab.report.table import facts
from ar_lab.tasks.figures import figures
from ar_lab.tasks.known import against_distribution
from ar_lab.tasks.scored import named, score, select
from tests.data.test_known import source
from tests.tasks.conftest import QUICK, result

CONFIG = {"evaluation": {"examples": None, "batch_size": 256}, "task": {"stride": None}, "seed": 0}


class Itself(Network):
    """The chain as a network: the logits of every conditional are its own log P, and the state is all that was seen."""

    carries = True

    def __init__(self, space, chain):
        super().__init__(space, space.levels)
        self.chain = chain

    def start(self, batch_size, condition=None):
        return torch.zeros(batch_size, 0, dtype=torch.int64)

    def extend(self, x, state):
        seen = torch.cat([state, x], 1)
        ends = [seen[:, max(0, t - self.chain.order) : t] for t in range(state.shape[1], seen.shape[1])]
        return torch.stack([self._forecast(end) for end in ends], 1), seen

    def _forecast(self, past):
        each = torch.arange(self.space.levels).expand(len(past), -1)[..., None]
        tried = torch.cat([past[:, None].expand(-1, self.space.levels, -1), each], 2)
        return -self.chain.nats(tried)[..., -1]

    def step(self, previous, state):
        raise NotImplementedError


def scored(model: AutoregressiveModel, parts: Parts, config: dict = CONFIG) -> dict:
    test = select(parts, "test", None)
    nll = torch.cat([score(model, parts, x, config) for x, _ in test])
    metrics = named("test", nll, parts)
    return metrics | against_distribution(model, parts, test, metrics, nll, config)


def ngram(parts: Parts, order: int) -> AutoregressiveModel:
    space = parts.codec.space
    likelihood = Categorical(space)
    network = NGram(space, likelihood.outputs, order=order)
    network.estimate(parts.train)
    return AutoregressiveModel(network, likelihood)


@pytest.fixture(scope="module")
def letters() -> Parts:
    return source("markov", size=40_000, test=0.5).load()


def test_the_source_itself_has_no_divergence_from_the_source(letters):
    space = letters.codec.space
    shorter = replace(letters, test=letters.test[:2000])
    found = scored(AutoregressiveModel(Itself(space, letters.distribution), Categorical(space)), shorter)
    assert abs(found["test/kl_bits_per_dim"]) < 1e-12
    assert found["test/kl_bits_per_dim_se"] < 1e-12
    assert abs(found["test/bits_per_dim"] - found["test/entropy_bits_per_dim"]) < 4 * found["test/bits_per_dim_se"]


def test_maximum_likelihood_reaches_the_source_with_data_and_otherwise_its_floor(letters):
    """KL falls to 0 for n-grams as long as the chain's order, and for shorter ones to what they cannot know."""
    chain: MarkovChain = letters.distribution
    floors = [(chain.entropy_given(order) - chain.entropy_given(2)) / log(2) for order in (1, 2)]
    for order, floor in zip((1, 2), floors, strict=True):
        kl, error = [], []
        for count in (100, 1000, 18_000):
            fitted = ngram(replace(letters, train=letters.train[:count]), order)
            found = scored(fitted, letters)
            kl.append(found["test/kl_bits_per_dim"])
            error.append(found["test/kl_bits_per_dim_se"])
            assert kl[-1] > -3 * error[-1]
        assert kl[0] > kl[1] > kl[2]
        assert abs(kl[2] - floor) < 3 * error[2] + 0.01
        assert kl[0] > floor + 0.03
    assert floors[0] > 0.1
    assert floors[1] == 0


def test_pairs_tell_the_divergence_more_sharply_than_the_cross_entropy(letters):
    found = scored(ngram(letters, 2), letters)
    assert 0 < found["test/kl_bits_per_dim_se"] < found["test/bits_per_dim_se"] / 3
    difference = found["test/bits_per_dim"] - found["test/entropy_bits_per_dim"]
    assert abs(difference - found["test/kl_bits_per_dim"]) < 4 * found["test/bits_per_dim_se"]


def test_where_examples_can_be_listed_all_figures_are_sums_over_all_of_them():
    parts = source("ising", height=2, width=3).load()
    space = parts.codec.space
    network = NGram(space, 1, order=2)
    network.estimate(parts.train)
    model = AutoregressiveModel(network, Bernoulli(space)).double()
    found = scored(model, parts)
    x = every_example(space)
    log_p, log_q = parts.distribution.log_prob(x), model.log_prob(x)
    p = log_p.exp()
    expected = {"entropy": -(p * log_p).sum(), "": -(p * log_q).sum(), "kl": (p * (log_p - log_q)).sum()}
    for name, nats in expected.items():
        key = f"test/{name}_bits_per_dim".replace("/_", "/")
        assert found[key] == pytest.approx(float(nats) / 6 / log(2), abs=1e-12)
        assert found[f"{key}_se"] == 0
    assert found["test/perplexity"] == pytest.approx(exp(found["test/nats_per_dim"]))
    assert found["test/enumerated"] == 64
    assert abs(found["sample/bits_per_dim"] - found["test/bits_per_dim"]) < 4 * found["sample/bits_per_dim_se"]
    assert "all 64 examples" in known_lines(found)[1]


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("mixture", "ising", "markov")]


@pytest.mark.parametrize("name", ["ring", "hmm", *SLOW])
def test_a_run_on_a_known_source_says_how_far_it_is_from_it(lab, capsys, name):
    width = ["data.size=3000"] if name in ("hmm", "markov") else ["data.size=400"]
    run = lab(f"data={name}", "model=charrnn", "model.hidden=8", *width, *QUICK, "evaluation.examples=null")
    metrics = result(run)["metrics"]
    for figure in ("entropy_bits_per_dim", "bits_per_dim", "kl_bits_per_dim"):
        assert {f"test/{figure}", f"test/{figure}_se"} <= {*metrics}
    assert metrics["test/kl_bits_per_dim"] > -3 * (metrics["test/kl_bits_per_dim_se"] or 0)
    between = metrics["test/bits_per_dim"] - metrics["test/entropy_bits_per_dim"]  # but for the noise of the sample
    assert abs(between - metrics["test/kl_bits_per_dim"]) < 5 * (metrics["test/bits_per_dim_se"] or 0.05)
    assert "KL(P || Q)" in capsys.readouterr().out


def test_unknown_sources_have_nothing_to_say(tmp_path):
    parts = replace(source("ising").load(), distribution=None)
    network = NGram(parts.codec.space, 1, order=1)
    network.estimate(parts.train)
    found = figures(AutoregressiveModel(network, Bernoulli(parts.codec.space)), parts, CONFIG)
    assert not any("kl_" in name or "entropy" in name for name in found)
    assert known_lines(found) == []
    assert not any("known source" in line for line in facts({"metrics": found}, tmp_path))
