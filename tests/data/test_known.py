import json

import pytest
import torch

from ar_lab.data.folds import Fold
from ar_lab.data.known import HMM, Ising, Markov, Mixture, Ring
from ar_lab.errors import ConfigError

SHARES = {"size": 600, "draw_seed": 0, "validation": 0.1, "test": 0.2, "fraction": 1.0}
TEXT = SHARES | {"levels": 4, "concentration": 0.5, "source_seed": 0, "context": 8}
DRAWN = SHARES | {"split_seed": 0}
SOURCES = {
    "markov": (Markov, TEXT | {"order": 2}),
    "hmm": (HMM, TEXT | {"states": 3, "stay": 0.9}),
    "ising": (Ising, DRAWN | {"height": 3, "width": 4, "beta": 0.4, "field": 0.0}),
    "mixture": (Mixture, DRAWN | {"components": 3, "spread": 3.0, "source_seed": 0}),
    "ring": (Ring, DRAWN | {"radius": 3.0, "width": 0.3, "modulation": 0.0, "petals": 3}),
}


def source(name: str, **changes):
    made, values = SOURCES[name]
    return made(**(values | changes))


@pytest.mark.parametrize("name", SOURCES)
def test_a_known_source_gives_disjoint_parts_of_its_size_and_its_distribution(name):
    parts = source(name).load()
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [432, 48, 120]
    assert parts.distribution.space == parts.codec.space
    assert {*parts.split} >= {"validation_hash", "test_hash"}
    json.dumps(parts.codec.to_dict())


@pytest.mark.parametrize("name", SOURCES)
def test_the_seed_of_the_draw_decides_the_data_and_nothing_else_the_distribution(name):
    first, again, other = (source(name, draw_seed=seed).load() for seed in (0, 0, 1))
    assert first.checksum == again.checksum != other.checksum
    torch.testing.assert_close(first.train, again.train, rtol=0, atol=0)
    x = first.distribution.sample(5, torch.Generator().manual_seed(0))
    torch.testing.assert_close(first.distribution.log_prob(x), other.distribution.log_prob(x), rtol=0, atol=0)


@pytest.mark.parametrize("name", SOURCES)
def test_folds_hold_out_every_example_once(name):
    folds = [source(name).load(Fold(number, 4)) for number in range(4)]
    assert sum(len(parts.test) for parts in folds) == 480  # all but the test part
    assert all(parts.distribution is not None for parts in folds)


def test_every_letter_is_a_level_whether_it_was_drawn_or_not():
    parts = source("markov", levels=26, order=1, concentration=0.01, size=60, context=4).load()
    assert parts.codec.space.levels == 26
    assert parts.train.unique().numel() < 26


def test_the_rows_of_a_mixture_are_what_was_drawn_up_to_the_rounding_of_the_code():
    mixture = source("mixture")
    parts = mixture.load()
    drawn = torch.from_numpy(mixture.read()[1])
    decoded = torch.from_numpy(parts.codec.decode(parts.train))
    nearest = torch.cdist(decoded, drawn).min(1).values
    assert float(nearest.max()) < 1e-5


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("markov", {"order": 7}, "data.order=7 over 4 symbols"),
        ("markov", {"levels": 27}, "data.levels=27"),
        ("ising", {"width": 13}, "data.height=3, width=13"),
        ("ring", {"width": 2.0}, "data.width=2.0 with radius=3.0"),
    ],
)
def test_values_that_make_no_distribution_are_refused_in_one_line(name, changes, said):
    with pytest.raises(ConfigError, match=said):
        source(name, **changes)
