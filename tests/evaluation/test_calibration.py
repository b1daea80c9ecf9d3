"""Calibration against a slow count and scipy; what is calibrated by construction is found so, what is not is not."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.calibration import calibration_curve

from ar_lab.evaluation.calibration import Reliability, Transform, distance_from_uniform
from ar_lab.likelihoods.categorical import CategoricalConditional
from ar_lab.likelihoods.gaussian_mixture import GaussianMixtureConditional

EVERY = torch.arange(50)


def conditional(count: int = 400, levels: int = 4) -> CategoricalConditional:
    generator = torch.Generator().manual_seed(0)
    return CategoricalConditional(2 * torch.randn(count, 50, levels, generator=generator, dtype=torch.float64))


def drawn(conditional) -> torch.Tensor:
    shape = conditional.log_prob(torch.zeros(400, 50, dtype=torch.int64)).shape
    return conditional.sample(torch.rand(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64))


def reliability(conditional, x, **options) -> Reliability:
    found = Reliability(**options)
    found.add(conditional, x, EVERY)
    return found


def test_figures_are_those_of_a_direct_count():
    law, x = conditional(), drawn(conditional())
    pmf, x_flat = law.pmf().flatten(0, 1).numpy(), x.flatten().numpy()
    confidence, hit = pmf.max(1), pmf.argmax(1) == x_flat
    ece = 0.0
    for k in range(15):
        inside = (confidence > k / 15) & (confidence <= (k + 1) / 15)
        if inside.any():
            ece += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    found = reliability(law, x).figures()
    assert found["ece"] == pytest.approx(ece, abs=1e-12)
    assert found["accuracy"] == pytest.approx(hit.mean())
    assert found["confidence"] == pytest.approx(confidence.mean())
    assert found["truth_probability"] == pytest.approx(pmf[np.arange(len(pmf)), x_flat].mean())
    assert found["predictions"] == len(pmf)


def test_the_curve_is_scikit_learns():
    law, x = conditional(), drawn(conditional())
    found, pmf = reliability(law, x), law.pmf().flatten(0, 1)
    hit = pmf.argmax(-1) == x.flatten()
    accuracy, confidence = calibration_curve(hit.numpy(), pmf.amax(-1).numpy(), n_bins=15)
    there = found.counts > 0
    np.testing.assert_allclose(found.hits[there] / found.counts[there], accuracy)
    np.testing.assert_allclose(found.confidences[there] / found.counts[there], confidence)


def test_a_law_is_calibrated_on_its_own_draws_and_no_longer_when_tempered():
    law, x = conditional(), drawn(conditional())
    assert reliability(law, x).figures()["ece"] < 0.01
    assert reliability(law.tempered(0.5), x).figures()["ece"] > 0.1
    assert reliability(law.tempered(2.0), x).figures()["ece"] > 0.1


def test_passes_add_up(monkeypatch):
    law, x = conditional(), drawn(conditional())
    whole = reliability(law, x).figures()
    monkeypatch.setattr("ar_lab.evaluation.calibration.ROWS", 77)
    parts = Reliability()
    for some in (slice(0, 100), slice(100, 400)):
        for places in (torch.arange(20), torch.arange(20, 50)):
            parts.add(CategoricalConditional(law.logits[some]), x[some], places)
    assert parts.figures() == pytest.approx(whole, abs=1e-12)


def test_certainty_falls_in_the_last_bin():
    sure = CategoricalConditional(torch.tensor([[[0.0, -torch.inf]]]))
    found = Reliability()
    found.add(sure, torch.zeros(1, 1, dtype=torch.int64), torch.arange(1))
    assert found.counts[-1] == 1
    assert found.figures()["ece"] == 0


def test_the_distance_is_scipys():
    values = np.random.default_rng(0).beta(2, 1.5, 500)
    assert distance_from_uniform(values) == pytest.approx(stats.kstest(values, "uniform").statistic, abs=1e-12)


@pytest.mark.parametrize(("stretched", "calibrated"), [(1.0, True), (1.5, False)])
def test_transforms_are_uniform_where_the_scale_is_right(stretched, calibrated):
    parts = torch.randn(3, 200, 50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    right = GaussianMixtureConditional(parts[0], parts[1], parts[2].exp())
    noise = torch.rand(200, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = Transform()
    found.add(GaussianMixtureConditional(parts[0], parts[1], stretched * parts[2].exp()), right.sample(noise), EVERY)
    figures = found.figures()
    assert (figures["ks"] < figures["ks_by_chance"]) == calibrated
    assert figures["predictions"] == 10_000
