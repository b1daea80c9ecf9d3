"""Hashed n-grams: which values a row depends on, how evenly rows are used, and how few a gradient touches."""

import pytest
import torch

from ar_lab.layers.hashed import HashedNgrams
from ar_lab.space import Space

TEXT = Space("sequence", (12,), 5)


def ngrams(order: int = 3, buckets: int = 64) -> HashedNgrams:
    torch.manual_seed(0)
    made = HashedNgrams(TEXT, 8, order, buckets).double()
    torch.nn.init.normal_(made.table.weight)
    return made


def test_features_are_those_of_the_last_values_and_of_no_others():
    made, stream = ngrams(), torch.randint(5, (1, 20), generator=torch.Generator().manual_seed(1))
    features = made(stream)
    assert features.shape == (1, 18, 8)
    for j in range(20):
        changed = stream.clone()
        changed[0, j] = (changed[0, j] + 1) % 5
        differs = (made(changed) != features).any(-1)[0]
        assert differs.nonzero().flatten().tolist() == [i for i in range(18) if i <= j <= i + 2]


def test_equal_ngrams_have_equal_features_wherever_they_stand():
    features = ngrams()(torch.tensor([[1, 2, 3, 0, 1, 2, 3]]))
    assert torch.equal(features[0, 0], features[0, 4])
    assert not torch.equal(features[0, 0], features[0, 1])


@pytest.mark.parametrize("levels", [2, 65, 257])
def test_rows_are_used_evenly_and_the_oldest_value_counts(levels):
    order, buckets = 13, 256
    latest = torch.randint(levels, (20_000, order), generator=torch.Generator().manual_seed(0)).unique(dim=0)
    made = HashedNgrams(Space("sequence", (12,), levels), 1, order, buckets)
    rows, older = made.rows(latest)[:, -1], latest.clone()
    older[:, -1] = (older[:, -1] + 1) % levels
    assert (made.rows(older)[:, -1] == rows).double().mean() < 2 / buckets
    counts = torch.bincount(rows - (order - 2) * buckets, minlength=buckets)
    assert len(counts) == buckets
    assert counts.max() < 2 * len(latest) / buckets
    assert counts.min() > len(latest) / buckets / 2


def test_the_gradient_names_the_rows_that_were_read_alone():
    made = ngrams()
    made(torch.tensor([[1, 2, 3]])).sum().backward()
    gradient = made.table.weight.grad
    assert gradient.is_sparse
    assert gradient.coalesce().indices().numel() == 2  # one of the 2-grams, one of the 3-grams


def test_real_numbers_are_refused():
    with pytest.raises(ValueError, match="ngrams=3: needs discrete data"):
        HashedNgrams(Space("vector", (4,), None), 8, 3, 64)
