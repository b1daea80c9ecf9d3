"""Every score is the paper's, with the sign that makes anomalies high."""

import io
import zlib
from math import log

import numpy as np
import torch
from PIL import Image

from ar_lab.evaluation.anomaly import scores
from ar_lab.evaluation.anomaly.complexity import compressed_bits, png_bits
from ar_lab.evaluation.anomaly.nulls import null_examples
from ar_lab.space import Space

NATS = np.array([1.0, 5.0, 9.0, 4.0, 6.0])


def test_both_what_is_too_unlikely_and_what_is_too_likely_is_untypical():
    np.testing.assert_array_equal(scores.typicality(NATS, 5.0), [4, 0, 4, 1, 1])


def test_a_group_is_as_typical_as_its_mean():
    found = scores.group_typicality(NATS, 5.0, 2, seed=0)
    chosen = scores.groups(5, 2, seed=0)
    np.testing.assert_allclose(found, [abs((NATS[a] + NATS[b]) / 2 - 5) for a, b in chosen])


def test_groups_are_disjoint_and_whole():
    found = scores.groups(11, 3, seed=1)
    assert found.shape == (3, 3) and len(set(found.ravel())) == 9
    assert not np.array_equal(found, scores.groups(11, 3, seed=2))


def test_what_the_other_model_explains_better_has_the_higher_ratio():
    np.testing.assert_array_equal(scores.ratio(NATS, np.full(5, 5.0)), NATS - 5)


def test_complexity_is_in_bits_and_favors_what_compresses_badly():
    np.testing.assert_allclose(scores.complexity(np.array([8.0]) * log(2), np.array([3.0])), [5.0])


def test_an_example_without_a_finite_likelihood_is_the_most_anomalous_one():
    found = scores.bounded(np.array([[np.inf, 1.0], [np.nan, 1.0], [2.0, 1.0]], dtype=np.float32)).sum(1)
    assert np.isfinite(found).all() and found[2] == 3 and found[:2].min() > 1e29


def test_lengths_are_those_of_the_files():
    image = np.random.default_rng(0).integers(0, 255, (1, 8, 6, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(image[0]).save(file, "PNG", optimize=True)
    assert png_bits(image)[0] == 8 * len(file.getvalue())
    assert compressed_bits([b"abc" * 9], "zlib")[0] == 8 * len(zlib.compress(b"abc" * 9, 9))


def test_every_compressor_finds_noise_more_complex_than_a_constant():
    noise = np.random.default_rng(0).integers(0, 17, (1, 12, 12, 1), dtype=np.uint8)
    both = np.concatenate([noise, np.zeros_like(noise)])
    lengths = [png_bits(both), *(compressed_bits([i.tobytes() for i in both], name) for name in ("zlib", "xz"))]
    assert all(first > second for first, second in lengths)


def test_images_of_two_channels_have_a_length():
    assert png_bits(np.zeros((2, 4, 4, 2), dtype=np.uint8)).shape == (2,)


def test_null_images_are_every_level_and_noise_of_all_levels():
    nulls = null_examples(Space("image", (3, 3, 1), 5), torch.zeros(2, 9), torch.zeros(2, 9), 100, seed=0)
    assert nulls["constant"][:, 0].tolist() == [0, 1, 2, 3, 4] and nulls["constant"].float().std(1).max() == 0
    assert nulls["noise"].shape == (100, 9) and nulls["noise"].unique().tolist() == [0, 1, 2, 3, 4]


def test_null_rows_keep_the_range_or_the_marginals():
    rows = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    rows[:, 1] = rows[:, 0]
    nulls = null_examples(Space("vector", (3,), None), rows, rows, 200, seed=0)
    assert (nulls["noise"] >= rows.amin(0)).all() and (nulls["noise"] <= rows.amax(0)).all()
    assert torch.equal(nulls["shuffled"].sort(0).values, rows.sort(0).values)
    assert not torch.equal(nulls["shuffled"][:, 0], nulls["shuffled"][:, 1])
