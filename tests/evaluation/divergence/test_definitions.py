"""Divergences equal their definitions and closed forms, and keep the inequalities between them."""

from math import erf, exp, inf, log, sqrt

import pytest
import torch

from ar_lab.evaluation.divergence.definitions import DIVERGENCES
from ar_lab.evaluation.divergence.families import Gaussian
from ar_lab.evaluation.divergence.grid import Grid, midpoints

NAMES = list(DIVERGENCES)


def between(p: list[float], q: list[float]) -> dict[str, float]:
    """All divergences of two distributions over a few examples."""
    p, q = (torch.tensor(x, dtype=torch.float64) for x in (p, q))
    grid = Grid(torch.arange(len(p))[:, None], 1.0)
    return {name: float(one.value(p.log(), q.log(), grid)) for name, one in DIVERGENCES.items()}


def by_definition(p: list[float], q: list[float]) -> dict[str, float]:
    """The same, term by term as textbooks write them."""
    pairs = list(zip(p, q, strict=True))
    return {
        "forward_kl": sum(a * log(a / b) for a, b in pairs),
        "reverse_kl": sum(b * log(b / a) for a, b in pairs),
        "js": sum(a * log(2 * a / (a + b)) + b * log(2 * b / (a + b)) for a, b in pairs) / 2,
        "tv": sum(abs(a - b) for a, b in pairs) / 2,
        "hellinger": sum((sqrt(a) - sqrt(b)) ** 2 for a, b in pairs) / 2,
        "chi2": sum((a - b) ** 2 / b for a, b in pairs),
    }


def simplex(seed: int) -> list[float]:
    return torch.rand(6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).pow(3).softmax(0).tolist()


def test_sums_are_the_definitions():
    p, q = simplex(0), simplex(1)
    assert between(p, q) == pytest.approx(by_definition(p, q), rel=1e-12)


def test_divergences_of_a_distribution_from_itself_are_zero():
    assert between(simplex(0), simplex(0)) == pytest.approx(dict.fromkeys(NAMES, 0.0), abs=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_inequalities_between_divergences_hold(seed: int):
    d = between(simplex(seed), simplex(seed + 100))
    assert d["tv"] <= sqrt(d["forward_kl"] / 2)  # Pinsker
    assert d["tv"] <= sqrt(d["reverse_kl"] / 2)
    assert 0 < d["js"] <= d["tv"] * log(2)
    assert d["hellinger"] <= d["tv"] <= sqrt(2 * d["hellinger"])
    assert d["forward_kl"] <= log(1 + d["chi2"])


def test_what_never_meets_is_as_far_as_can_be():
    apart = between([0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5])
    expected = {"forward_kl": inf, "reverse_kl": inf, "js": log(2), "tv": 1.0, "hellinger": 1.0, "chi2": inf}
    assert apart == pytest.approx(expected)


def test_a_zero_of_one_side_is_infinite_in_one_direction_alone():
    covering = between([1.0, 0.0], [0.5, 0.5])
    assert covering["forward_kl"] == pytest.approx(log(2))
    assert covering["reverse_kl"] == inf
    assert covering["chi2"] == pytest.approx(1.0)
    seeking = between([0.5, 0.5], [1.0, 0.0])
    assert seeking["reverse_kl"] == pytest.approx(log(2))
    assert seeking["forward_kl"] == seeking["chi2"] == inf


@pytest.mark.parametrize("name", NAMES)
def test_gradients_stay_finite_where_p_is_zero_or_q_underflows(name: str):
    log_p = torch.tensor([log(0.5), log(0.5), -inf if name != "reverse_kl" else -900.0], dtype=torch.float64)
    log_q = torch.tensor([log(0.5), -800.0, log(0.5)], dtype=torch.float64, requires_grad=True)
    DIVERGENCES[name].loss(log_p, log_q, Grid(torch.arange(3)[:, None], 1.0)).backward()
    assert log_q.grad.isfinite().all()


def test_quadrature_of_two_gaussians_is_the_closed_form():
    near = torch.tensor([0.0], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64)
    far = torch.tensor([1.0], dtype=torch.float64), torch.tensor([1.5], dtype=torch.float64)
    p, q = Gaussian(*near), Gaussian(*far)
    grid = midpoints(torch.tensor([-16.0]).double(), torch.tensor([16.0]).double(), 512)
    log_p, log_q = (one.log_prob(grid.points).detach() for one in (p, q))
    d = {name: float(one.value(log_p, log_q, grid)) for name, one in DIVERGENCES.items()}
    (m, s), (n, r) = (0.0, 1.0), (1.0, 1.5)
    assert d["forward_kl"] == pytest.approx(log(r / s) + (s**2 + (m - n) ** 2) / (2 * r**2) - 0.5, abs=1e-9)
    assert d["reverse_kl"] == pytest.approx(log(s / r) + (r**2 + (m - n) ** 2) / (2 * s**2) - 0.5, abs=1e-9)
    affinity = sqrt(2 * s * r / (s**2 + r**2)) * exp(-((m - n) ** 2) / (4 * (s**2 + r**2)))
    assert d["hellinger"] == pytest.approx(1 - affinity, abs=1e-9)
    spread = 2 * r**2 - s**2
    assert d["chi2"] == pytest.approx(r**2 / (s * sqrt(spread)) * exp((m - n) ** 2 / spread) - 1, abs=1e-9)


def test_total_variation_of_two_gaussians_of_one_width_is_the_closed_form():
    one = torch.tensor([1.0], dtype=torch.float64)
    grid = midpoints(-12 * one, 12 * one, 512)
    p, q = (Gaussian(mean * one, one).log_prob(grid.points).detach() for mean in (-1.0, 1.0))
    assert float(DIVERGENCES["tv"].value(p, q, grid)) == pytest.approx(erf(1 / sqrt(2)), abs=1e-3)
