"""Figures and their errors, held against numpy and against closed forms."""

from math import ceil, log

import numpy as np
import pytest
import torch

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.codecs.text import CharacterCodec
from ar_lab.errors import DivergenceError
from ar_lab.evaluation.baseline import FactorizedBaseline
from ar_lab.evaluation.figures import block_interval, check_finite, example_figures, text_figures, total_figures
from ar_lab.space import Space


def test_example_figures_are_the_mean_and_standard_error_over_examples():
    nll = torch.rand(50, 7, generator=torch.Generator().manual_seed(0))
    figures, per_dim = example_figures(nll), nll.double().mean(1).numpy()
    assert figures["nats_per_dim"] == pytest.approx(per_dim.mean(), rel=1e-12)
    assert figures["nats_per_dim_se"] == pytest.approx(per_dim.std(ddof=1) / np.sqrt(50), rel=1e-12)
    assert figures["bits_per_dim"] == pytest.approx(per_dim.mean() / log(2))
    assert figures["nats_per_example"] == pytest.approx(7 * per_dim.mean())
    assert figures["examples"] == 50


def test_the_error_of_a_text_is_over_blocks_of_1000_characters():
    nll = torch.rand(3500, generator=torch.Generator().manual_seed(0))
    figures, blocks = text_figures(nll), nll[:3000].double().reshape(3, 1000).mean(1).numpy()
    assert figures["nats_per_dim"] == pytest.approx(nll.double().mean().item(), rel=1e-12)
    assert figures["nats_per_dim_se"] == pytest.approx(blocks.std(ddof=1) / np.sqrt(3), rel=1e-12)
    assert figures["perplexity"] == pytest.approx(2 ** figures["bits_per_char"])


def test_one_block_has_no_error():
    assert text_figures(torch.ones(1500))["nats_per_dim_se"] is None


def test_the_error_of_a_perplexity_is_what_the_bootstrap_finds():
    nll = torch.rand(400, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    figures, per_dim = example_figures(nll), nll.mean(1).numpy()
    rng = np.random.default_rng(0)
    redrawn = [np.exp(rng.choice(per_dim, len(per_dim)).mean()) for _ in range(2000)]
    assert figures["perplexity"] == pytest.approx(np.exp(per_dim.mean()))
    assert figures["perplexity_se"] == pytest.approx(np.std(redrawn), rel=0.05)


def test_real_numbers_have_no_perplexity_and_no_bytes():
    assert "perplexity" not in example_figures(torch.ones(3, 2), discrete=False)
    assert total_figures(torch.ones(3, 2), discrete=False) == {"nats_total": 6.0}


def test_intervals_are_those_of_a_loop_over_resampled_examples():
    nll = torch.rand(40, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    figures, per_dim, rng = example_figures(nll, intervals=True, seed=3), nll.mean(1).numpy(), np.random.default_rng(3)
    means = [np.mean([per_dim[i] for i in rng.integers(0, 40, 40)]) for _ in range(2000)]
    expected = np.quantile(means, [0.025, 0.975])
    assert figures["nats_per_dim_ci95"] == pytest.approx(expected.tolist(), rel=1e-12)
    assert figures["bits_per_dim_ci95"] == pytest.approx((expected / log(2)).tolist())
    assert figures["nats_per_example_ci95"] == pytest.approx((expected * 3).tolist())
    assert figures["perplexity_ci95"] == pytest.approx(np.exp(expected).tolist())
    assert "nats_per_dim_ci95" not in example_figures(nll)


def test_of_many_examples_the_interval_is_the_normal_one():
    nll = torch.rand(1000, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    figures = example_figures(nll, intervals=True)
    half = 1.96 * figures["nats_per_dim_se"]
    low, high = figures["nats_per_dim_ci95"]
    assert low == pytest.approx(figures["nats_per_dim"] - half, abs=0.1 * half)
    assert high == pytest.approx(figures["nats_per_dim"] + half, abs=0.1 * half)


def test_95_of_100_intervals_hold_the_truth():
    nll = torch.empty(200, 100, 1, dtype=torch.float64).exponential_(generator=torch.Generator().manual_seed(0))
    bounds = [example_figures(sample, intervals=True)["nats_per_dim_ci95"] for sample in nll]
    held = np.mean([low <= 1 <= high for low, high in bounds])
    assert 0.90 <= held <= 0.98


def test_the_interval_of_a_text_resamples_its_blocks_the_last_one_short():
    nll = torch.rand(3500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    blocks, rng = [nll[i : i + 1000].numpy() for i in range(0, 3500, 1000)], np.random.default_rng(0)
    means = [np.concatenate([blocks[i] for i in rng.integers(0, 4, 4)]).mean() for _ in range(2000)]
    expected = np.quantile(means, [0.025, 0.975]).tolist()
    assert text_figures(nll, intervals=True)["nats_per_dim_ci95"] == pytest.approx(expected, rel=1e-12)
    assert block_interval(nll[:1999]) is None


def test_the_likelihood_of_a_part_is_the_sum_over_its_points():
    nll = torch.rand(5, 7, generator=torch.Generator().manual_seed(0))
    totals = total_figures(nll, discrete=True)
    assert totals["nats_total"] == pytest.approx(nll.double().sum().item())
    assert totals["code_bytes"] == ceil(totals["nats_total"] / log(256))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_part_without_a_finite_mean_is_divergence_that_says_how_much_of_it(bad):
    nll = torch.ones(50, 7)
    check_finite("test", nll)
    check_finite("test", nll[:0])
    nll[3, 2] = bad
    with pytest.raises(DivergenceError, match=rf"the test figure is {bad} nats per dimension, for 1 of 350 dim"):
        check_finite("test", nll)


def test_the_histogram_baseline_adds_one_half_to_every_count():
    space = Space("image", (1, 2, 1), 3)
    train = torch.tensor([[0, 2], [0, 1], [1, 2]], dtype=torch.uint8)
    nll = FactorizedBaseline(space, ImageCodec((1, 2, 1), 3, 3), train).score(torch.tensor([[0, 0], [2, 2]]))
    assert nll.exp().reciprocal().flatten().tolist() == pytest.approx([2.5 / 4.5, 0.5 / 4.5, 0.5 / 4.5, 2.5 / 4.5])


def test_the_text_baseline_is_the_unigram_and_charges_for_unknown_characters():
    codec = CharacterCodec("ab", unknown=True, context=4)
    baseline = FactorizedBaseline(codec.space, codec, codec.encode("aaab"))
    known, unknown = baseline.score(codec.encode("aZ")).tolist()
    assert known == pytest.approx(-log(3.5 / 5.5))
    assert unknown == pytest.approx(-log(0.5 / 5.5) + log(0x110000 - 2048 - 2))


def test_the_gaussian_baseline_is_a_density_in_the_original_units():
    rows = np.random.default_rng(0).normal([3.0, -100.0], [0.1, 50.0], size=(500, 2))
    codec = TableCodec.fitted(rows, ("a", "b"))
    x = codec.encode(rows)
    nll = FactorizedBaseline(codec.space, codec, x).score(x).mean(0)
    scales = rows.std(0)
    expected = 0.5 * np.log(2 * np.pi * scales**2) + 0.5
    assert nll.tolist() == pytest.approx(expected.tolist(), rel=1e-4)
