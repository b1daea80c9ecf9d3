"""Fold statistics: numpy's numbers, the corrected t by its formula, Holm by a worked example."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from ar_lab.evaluation.resampling import compare, estimate, holm

FIGURES = [1.21, 1.34, 1.18, 1.27, 1.25]
SPLITS = list(range(5))


def test_mean_and_spread_are_those_of_numpy():
    found = estimate(FIGURES, SPLITS, 0.25)
    assert (found.mean, found.std) == (np.mean(FIGURES), np.std(FIGURES, ddof=1))
    assert found.se == np.std(FIGURES, ddof=1) / np.sqrt(5)


def test_the_interval_widens_by_what_training_sets_share():
    half = student.ppf(0.975, 4) * np.std(FIGURES, ddof=1) * np.sqrt(1 / 5 + 360 / 1437)
    found = estimate(FIGURES, SPLITS, 360 / 1437)
    np.testing.assert_allclose(found.ci95, [np.mean(FIGURES) - half, np.mean(FIGURES) + half], rtol=1e-12)


def test_independent_figures_have_the_interval_and_p_of_student():
    reference = ttest_1samp(FIGURES, 0.0)
    found = compare(FIGURES, SPLITS, 0.0)
    np.testing.assert_allclose(found.ci95, reference.confidence_interval(0.95), rtol=1e-12)
    np.testing.assert_allclose(found.p, reference.pvalue, rtol=1e-9)


def test_the_corrected_p_is_that_of_the_corrected_t():
    differences = [0.02, -0.01, 0.03, 0.05, 0.01]
    statistic = np.mean(differences) / (np.std(differences, ddof=1) * np.sqrt(1 / 5 + 0.25))
    found = compare(differences, SPLITS, 0.25)
    np.testing.assert_allclose(found.p, 2 * student.sf(statistic, 4), rtol=1e-12)
    assert found.difference == np.mean(differences)
    assert (found.ci95[0] < 0) == (found.p > 0.05)


def test_seeds_of_a_split_are_averaged_before_anything_else():
    seeds = [figure + noise for figure in FIGURES for noise in (-0.01, 0.01)]
    found, alone = (estimate(*given, 0.25) for given in ((seeds, [k // 2 for k in range(10)]), (FIGURES, SPLITS)))
    np.testing.assert_allclose((found.mean, found.std, found.se), (alone.mean, alone.std, alone.se), rtol=1e-12)
    np.testing.assert_allclose(found.ci95, alone.ci95, rtol=1e-12)


def test_a_split_counts_once_however_many_of_its_seeds_there_are():
    figures, splits = [1.0, 1.0, 1.0, 1.0, 2.0, 3.0], [0, 0, 0, 0, 1, 2]
    assert estimate(figures, splits, 0.25) == estimate([1.0, 2.0, 3.0], [0, 1, 2], 0.25)
    assert compare(figures, splits, 0.25) == compare([1.0, 2.0, 3.0], [0, 1, 2], 0.25)


def test_what_too_few_figures_cannot_tell_is_none():
    one, none = estimate([1.5], [0], 0.25), estimate([], [], 0.25)
    assert (one.mean, one.std, one.se, one.ci95) == (1.5, None, None, None)
    assert none.mean is None and compare([], [], None).difference is None
    assert compare([0.1], [0], 0.25).p is None
    of_one_fold = estimate([1.0, 1.5], [0, 0], 0.25)
    assert (of_one_fold.mean, of_one_fold.std, of_one_fold.se, of_one_fold.ci95) == (1.25, None, None, None)
    assert estimate(FIGURES, SPLITS, None).ci95 is None


@pytest.mark.parametrize(("difference", "p"), [(0.0, 1.0), (0.5, 0.0)])
def test_differences_without_spread_are_decided_by_their_value(difference, p):
    found = compare([difference] * 4, [0, 1, 2, 3], 0.25)
    assert (found.p, found.ci95) == (p, [difference, difference])


def test_holm_steps_down_from_the_least_p():
    # 4 x 0.005, 3 x 0.01, 2 x 0.03 and 0.04, which must not fall below the one before it.
    adjusted = holm([0.01, 0.04, None, 0.03, 0.005])
    np.testing.assert_allclose([p for p in adjusted if p is not None], [0.03, 0.06, 0.06, 0.02])
    assert adjusted[2] is None
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_the_statistics_do_not_wait_for_torch_or_the_whole_of_scipy():
    code = "import sys, ar_lab.evaluation.resampling; print({'torch', 'scipy.stats', 'sklearn'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
