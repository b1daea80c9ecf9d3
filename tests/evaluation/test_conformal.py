"""Alarms: a new draw is reported at most as often as asked for."""

import numpy as np
import pytest

from ar_lab.evaluation.anomaly.conformal import p_values, threshold


def test_p_values_count_what_is_as_high():
    found = p_values(np.array([1.0, 2.0, 2.0, 3.0]), np.array([0.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(found, [1, 0.8, 0.4, 0.2])


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.29, 0.5])
@pytest.mark.parametrize("levels", [5, 10**6])
def test_what_is_above_the_threshold_has_a_p_value_within_the_rate(rate, levels):
    rng = np.random.default_rng(0)
    held_out, new = rng.integers(levels, size=199).astype(float), rng.integers(levels + 1, size=500).astype(float)
    np.testing.assert_array_equal(new > threshold(held_out, rate), p_values(held_out, new) <= rate)


def test_a_draw_like_the_held_out_ones_is_reported_at_the_rate():
    draws = np.random.default_rng(0).normal(size=(20_000, 20))
    reported = [p_values(row[1:], row[:1])[0] <= 0.1 for row in draws]
    assert np.mean(reported) == pytest.approx(0.1, abs=0.01)


def test_too_few_held_out_units_say_which_rate_they_can_tell():
    assert threshold(np.arange(99.0), 0.01) == 98
    with pytest.raises(ValueError, match=r"98 tell rates from 0\.01 on"):
        threshold(np.arange(98.0), 0.01)
