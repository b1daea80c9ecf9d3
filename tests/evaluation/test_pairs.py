"""Paired comparisons, held against scipy and against loops."""

import numpy as np
import pytest
import torch
from scipy.stats import ttest_rel

from ar_lab.evaluation.pairs import observations, paired


def scores(*shape):
    generator = torch.Generator().manual_seed(0)
    hard = torch.rand(shape, generator=generator, dtype=torch.float64)
    return hard, hard + 0.1 * torch.randn(shape, generator=generator, dtype=torch.float64) - 0.02


def test_the_p_value_is_that_of_the_paired_t_test():
    one, two = scores(50, 6)
    found, expected = paired(one, two), ttest_rel(one.mean(1), two.mean(1))
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.difference == pytest.approx(float(one.mean() - two.mean()))
    assert found.difference / found.se == pytest.approx(expected.statistic, rel=1e-9)


def test_the_interval_is_that_of_a_loop_over_resampled_pairs():
    one, two = scores(30, 4)
    pairs, rng = list(zip(one.mean(1).tolist(), two.mean(1).tolist(), strict=True)), np.random.default_rng(5)
    means = [np.mean([pairs[i][0] - pairs[i][1] for i in rng.integers(0, 30, 30)]) for _ in range(2000)]
    assert paired(one, two, seed=5).ci95 == pytest.approx(np.quantile(means, [0.025, 0.975]).tolist(), rel=1e-9)


def test_wins_are_examples_that_a_model_gives_more_probability():
    one, two = torch.tensor([[1.0], [2.0], [3.0], [4.0]]), torch.tensor([[2.0], [1.0], [3.0], [5.0]])
    found = paired(one, two)
    assert (found.first_wins, found.second_wins) == (2, 1)
    swapped = paired(two, one)
    assert (swapped.difference, swapped.p) == (pytest.approx(-found.difference), pytest.approx(found.p))


def test_a_text_is_compared_by_blocks_of_1000():
    one, two = scores(3500)
    blocks = [some[:3000].reshape(3, 1000).mean(1) for some in (one, two)]
    found = paired(one, two)
    assert found.p == pytest.approx(ttest_rel(*blocks).pvalue, rel=1e-9)
    assert found.difference == pytest.approx(float((one - two).mean()))
    assert len(observations(one)) == 3


def test_a_short_text_tells_a_difference_and_no_interval():
    one, two = scores(500)
    found = paired(one, two)
    assert found.difference == pytest.approx(float((one - two).mean()))
    assert found.se is found.ci95 is found.p is None


def test_equal_models_differ_by_nothing():
    one, _ = scores(20, 3)
    found = paired(one, one)
    assert (found.difference, found.ci95, found.p, found.first_wins) == (0.0, [0.0, 0.0], 1.0, 0)
