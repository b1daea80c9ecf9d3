"""Figures of detection equal scikit-learn's and a slow loop; their intervals are those of resampling both samples."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from ar_lab.evaluation.anomaly.detection import detection, roc

SAMPLES = {
    "ties": (30, 17, 0),
    "one outlier": (20, 1, 1),
    "continuous": (200, 100, 9),
    "all equal": (5, 8, -9),
    "exactly 95 %": (30, 20, 9),
}


@pytest.fixture(params=SAMPLES)
def samples(request):
    inliers, outliers, decimals = SAMPLES[request.param]
    rng = np.random.default_rng(3)
    return rng.normal(size=inliers).round(decimals), (0.7 + rng.normal(size=outliers)).round(decimals)


def labelled(inliers, outliers):
    return np.repeat([0, 1], [len(inliers), len(outliers)]), np.concatenate([inliers, outliers])


def test_figures_are_those_of_scikit_learn(samples):
    found = detection(*samples, seed=0, draws=2)
    false, true, _ = roc_curve(*labelled(*samples), drop_intermediate=False)
    assert found.auroc == pytest.approx(roc_auc_score(*labelled(*samples)), abs=1e-12)
    assert found.auprc == pytest.approx(average_precision_score(*labelled(*samples)), abs=1e-12)
    assert found.fpr95 == pytest.approx(false[np.argmax(true >= 0.95)], abs=1e-12)


def test_the_curve_is_that_of_scikit_learn(samples):
    false, true, _ = roc_curve(*labelled(*samples), drop_intermediate=False)
    np.testing.assert_allclose(roc(*samples), (false, true), rtol=0, atol=1e-12)


def test_the_area_counts_pairs_and_ties_by_half(samples):
    inliers, outliers = samples
    pairs = [(o > i) + 0.5 * (o == i) for o in outliers for i in inliers]
    assert detection(*samples, seed=0, draws=2).auroc == pytest.approx(np.mean(pairs), abs=1e-12)


def test_intervals_are_quantiles_of_resampling_both_samples():
    rng = np.random.default_rng(0)
    inliers, outliers = rng.normal(size=60), 1 + rng.normal(size=40)
    slow = []
    for _ in range(2000):
        drawn = rng.choice(inliers, len(inliers)), rng.choice(outliers, len(outliers))
        slow.append(np.mean(drawn[1][:, None] > drawn[0]) + 0.5 * np.mean(drawn[1][:, None] == drawn[0]))
    found = detection(inliers, outliers, seed=0).intervals["auroc"]
    np.testing.assert_allclose(found, np.quantile(slow, [0.025, 0.975]), atol=0.01)


def test_intervals_hold_the_figure_and_shrink_with_more_examples():
    rng = np.random.default_rng(1)
    few, many = (detection(rng.normal(size=n), 1 + rng.normal(size=n), seed=0) for n in (50, 800))
    for found in (few, many):
        for name, (low, high) in found.intervals.items():
            assert low <= getattr(found, name) <= high
    assert np.ptp(many.intervals["auroc"]) < 0.5 * np.ptp(few.intervals["auroc"])


def test_samples_apart_are_found_without_an_error():
    found = detection(np.arange(10.0), np.arange(10.0, 15.0), seed=0)
    assert (found.auroc, found.auprc, found.fpr95) == (1, 1, 0)
    assert detection(np.arange(10.0, 15.0), np.arange(10.0), seed=0).auroc == 0


def test_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="0 in distribution, 2 outliers"):
        detection(np.empty(0), np.ones(2), seed=0)
