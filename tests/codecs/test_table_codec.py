"""Rows come back up to rounding, and the charge turns standardized densities into those of the original units."""

import json

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from ar_lab import codecs
from ar_lab.codecs.table import TableCodec
from ar_lab.errors import DataError

ROWS = np.random.default_rng(0).normal([5.0, -300.0, 1e6], [0.01, 20.0, 3e5], (50, 3))


def fitted() -> TableCodec:
    return TableCodec.fitted(ROWS, ("a", "b", "c"))


def test_the_training_rows_are_standardized_and_come_back():
    codec = fitted()
    x = codec.encode(ROWS)
    assert x.dtype == torch.float32
    torch.testing.assert_close(x.mean(0), torch.zeros(3), rtol=0, atol=1e-6)
    torch.testing.assert_close(x.std(0, correction=0), torch.ones(3))
    np.testing.assert_allclose(codec.decode(x), ROWS, rtol=1e-6)


def test_the_charge_is_the_jacobian():
    codec = fitted()
    x = codec.encode(ROWS[:4])
    charged = -Normal(0.0, 1.0).log_prob(x) + codec.charge(x)
    raw = torch.from_numpy(ROWS[:4])
    expected = -Normal(torch.tensor(codec.mean), torch.tensor(codec.scale)).log_prob(raw)
    torch.testing.assert_close(charged, expected.float(), rtol=1e-4, atol=1e-4)


def test_a_constant_column_is_named():
    rows = ROWS.copy()
    rows[:, 1] = 0.1  # not exact in binary: its standard deviation need not come out as 0
    with pytest.raises(DataError, match=r"column 'b' is 0\.1 in every training row: leave it out"):
        TableCodec.fitted(rows, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("factor", "deviation"),
    [(1e300, "inf"), (1e307, "inf"), (1e40, r"4\.71\d+e\+40"), (1e-41, r"4\.71\d+e-41"), (1e-320, "0")],
)
def test_a_column_that_32_bit_floats_cannot_hold_is_named(factor, deviation):
    rows = ROWS.copy()
    rows[:, 1] = np.linspace(1, 17, len(rows)) * factor
    with pytest.raises(DataError, match=f"column 'b' has the standard deviation {deviation}: rescale it to between"):
        TableCodec.fitted(rows, ("a", "b", "c"))


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_a_column_that_they_can_hold_is_charged_a_finite_number(factor):
    codec = TableCodec.fitted(ROWS * factor, ("a", "b", "c"))
    x = codec.encode(ROWS * factor)
    np.testing.assert_allclose(codec.decode(x), ROWS * factor, rtol=1e-6)
    assert codec.charge(x).isfinite().all()


def test_rows_of_another_width_are_refused():
    with pytest.raises(DataError, match="rows of 2 numbers: this codec knows 3 columns"):
        fitted().encode(ROWS[:, :2])


def test_a_codec_survives_json():
    codec = fitted()
    assert codecs.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
