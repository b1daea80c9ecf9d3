"""The n-gram against Kneser and Ney's definitions, counted one by one in plain Python."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pydoc_data.topics import topics

import pytest
import torch

from ar_lab.likelihoods.bernoulli import Bernoulli
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.ngram import NGram
from ar_lab.space import Space

TEXT = topics["assert"][:1200]
START = None  # stands before the first value of an example


class CountedByHand:
    """Chen and Goodman's equations 16 and 17 with dictionaries: the longest n-grams by their occurrences, shorter ones
    by the number of different symbols before them, or by occurrence where nothing can stand before them.
    """

    def __init__(self, examples: Sequence[Sequence], order: int, levels: int):
        self.order, self.levels = order, levels
        places = [(example, i) for example in examples for i in range(order, len(example))]
        counts = Counter(tuple(example[i - order : i + 1]) for example, i in places)
        self.laws = [self.law(counts)]
        for _ in range(order):
            shorter = Counter()
            for gram, count in counts.items():
                begins = len(gram) > 2 and gram[1] is START
                shorter[gram[1:]] += count if begins else 1
            counts = shorter
            self.laws.insert(0, self.law(counts))

    def law(self, counts: Counter) -> tuple[tuple, dict]:
        n1, n2, n3, n4 = (sum(count == j for count in counts.values()) for j in (1, 2, 3, 4))
        discounts = (0.5, 1.0, 1.5)
        if n1 and n2 and n3 and n4:
            y = n1 / (n1 + 2 * n2)
            found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
            discounts = found if min(found) > 0 else discounts
        after = defaultdict(dict)
        for gram, count in counts.items():
            after[gram[:-1]][gram[-1]] = count
        return discounts, after

    def pmf(self, context: Sequence) -> list[float]:
        p = [1 / self.levels] * self.levels
        for length, (discounts, after) in enumerate(self.laws[: len(context) + 1]):
            counts = after.get(tuple(context[len(context) - length :]))
            if counts is None:
                return p
            taken = {symbol: discounts[min(count, 3) - 1] for symbol, count in counts.items()}
            total = sum(counts.values())
            p = [sum(taken.values()) / total * below for below in p]
            for symbol, count in counts.items():
                p[symbol] += (count - taken[symbol]) / total
        return p


def coded(text: str) -> torch.Tensor:
    letters = sorted(set(TEXT))
    return torch.tensor([letters.index(letter) for letter in text])


def text_space(length: int, spare: int = 0) -> Space:
    return Space("sequence", (length,), len(set(TEXT)) + spare)


@pytest.mark.parametrize("order", [1, 2, 5, 30])
def test_a_text_has_the_probabilities_counted_by_hand(order: int):
    space, x = text_space(40, spare=2), coded(TEXT)
    network = NGram(space, space.levels, order).double()
    assert network.estimate(x.to(torch.uint8)) == []
    by_hand = CountedByHand([x.tolist()], order, space.levels)
    if order < 5:  # long n-grams are too rare to tell their discounts
        assert by_hand.laws[order][0] != (0.5, 1.0, 1.5)
    unseen = torch.tensor([space.levels - 1, 3, space.levels - 2])
    for some in (x[7:47], coded("a statement raises another name."), torch.cat([x[:20], unseen, x[:17]])):
        params = network(some[None])[0]
        for i in range(len(some)):
            expected = by_hand.pmf(some[max(0, i - order) : i].tolist())
            torch.testing.assert_close(params[i].exp().tolist(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("classes", [None, 2])
def test_images_begin_after_start_symbols_and_every_class_counts_alone(classes: int | None):
    space = Space("image", (3, 3, 1), 3, classes)
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(3, (50, 9), generator=generator)
    labels = None if classes is None else torch.arange(50) % 2
    network = NGram(space, 3, order=2).double()
    network.estimate(x, labels)
    probe = torch.randint(3, (2, 9), generator=generator)
    params = network(probe, None if classes is None else torch.tensor([0, 1]))
    for row in range(2):
        counted = x if classes is None else x[labels == row]
        by_hand = CountedByHand([[START, START, *example] for example in counted.tolist()], 2, 3)
        known = [START, START, *probe[row].tolist()]
        expected = [by_hand.pmf(known[i : i + 2]) for i in range(9)]
        torch.testing.assert_close(params[row].exp().tolist(), expected, rtol=0, atol=1e-12)


def test_contexts_of_many_levels_keep_apart_where_their_number_overflows():
    space = Space("vector", (12,), 60_000)
    x = torch.randint(60_000, (30, 12), generator=torch.Generator().manual_seed(0))
    network = NGram(space, 60_000, order=9)
    network.estimate(x)
    assert network(x).argmax(-1)[:, 1:].equal(x[:, 1:])  # every context but that of the first place was seen once


def test_every_pmf_is_positive_and_sums_to_one_before_and_after_the_fit():
    space = text_space(40, spare=1)
    network = NGram(space, space.levels).double()
    x = torch.randint(space.levels, (4, 40), generator=torch.Generator().manual_seed(0))
    uniform = torch.full((4, 40, space.levels), 1 / space.levels, dtype=torch.float64)
    torch.testing.assert_close(network(x).exp(), uniform, rtol=0, atol=1e-12)
    network.estimate(coded(TEXT))
    pmf = network(x).exp()
    assert pmf.min() > 0
    torch.testing.assert_close(pmf.sum(-1), torch.ones(4, 40).double(), rtol=0, atol=1e-12)


def test_what_long_contexts_of_many_counts_leave_to_the_rest_does_not_vanish():
    space = Space("vector", (24,), 3)
    network = NGram(space, 3, order=20)
    network.estimate(torch.zeros(2000, 24, dtype=torch.uint8))  # 20 contexts in turn leave some 1 / 2000 each
    assert network(torch.full((1, 24), 2)).isfinite().all()


def test_a_class_without_examples_is_uniform():
    space = Space("vector", (4,), 3, classes=3)
    network = NGram(space, 3)
    network.estimate(torch.zeros(5, 4, dtype=torch.uint8), torch.tensor([0, 0, 2, 2, 2]))
    pmf = network(torch.zeros(3, 4, dtype=torch.long), torch.arange(3)).softmax(-1)
    assert pmf[[0, 2], :, 0].min() > 0.5
    torch.testing.assert_close(pmf[1], torch.full((4, 3), 1 / 3))


def test_one_logit_says_the_same_as_two():
    space = Space("image", (3, 3, 1), 2)
    x = torch.randint(2, (20, 9), generator=torch.Generator().manual_seed(0))
    scores = []
    for likelihood in (Bernoulli(space), Categorical(space)):
        network = NGram(space, likelihood.outputs).double()
        network.estimate(x)
        scores.append(AutoregressiveModel(network, likelihood).nll(x))
    torch.testing.assert_close(*scores, rtol=0, atol=1e-12)


def test_a_text_is_carried_on_from_window_to_window():
    space, x = text_space(10), coded(TEXT)
    network = NGram(space, space.levels)
    network.estimate(x)
    whole, _ = network.extend(x[None], network.start(1))
    pieces, state = [], network.start(1)
    for piece in x.split(7):
        params, state = network.extend(piece[None], state)
        pieces.append(params)
    assert torch.cat(pieces, dim=1).equal(whole)


def test_of_a_training_part_beyond_the_limit_whole_examples_are_counted_and_said():
    x = torch.randint(3, (50, 6), generator=torch.Generator().manual_seed(0))
    network, first = (NGram(Space("vector", (6,), 3), 3, symbols=100) for _ in range(2))
    assert network.estimate(x) == ["the n-gram counted the first 16 of 50"]
    assert first.estimate(x[:16]) == []
    assert network(x).equal(first(x))


def test_the_tables_of_a_fit_load_into_an_unfitted_network():
    space, x = text_space(40), coded(TEXT)
    network, other = NGram(space, space.levels), NGram(space, space.levels)
    network.estimate(x)
    other.load_state_dict(network.state_dict())
    assert other(x[None, :40]).equal(network(x[None, :40]))


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="vector holds real numbers"):
        NGram(Space("vector", (4,), None), 6)
    with pytest.raises(ValueError, match="6 levels, and the likelihood wants 30"):
        NGram(Space("image", (2, 2, 1), 6), 30)
