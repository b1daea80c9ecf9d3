"""Promise 2: probabilities sum to one."""

import torch

from tests.contracts.registry import SPACES, TINY, Case, draw, enumerate_examples, every_case, labels

DISCRETE = {name: space for name, space in TINY.items() if space.discrete}
REAL = {name: space for name, space in TINY.items() if not space.discrete}


@every_case(DISCRETE)
def test_the_probabilities_of_all_examples_sum_to_one(case: Case):
    model, x = case.build(), enumerate_examples(case.space)
    for label in range(case.space.classes or 1):
        condition = None if case.space.classes is None else torch.full((len(x),), label)
        with torch.no_grad():
            total = model.log_prob(x, condition).exp().sum()
        torch.testing.assert_close(total, torch.tensor(1.0).double(), rtol=0, atol=1e-10)


@every_case({name: space for name, space in SPACES.items() if space.discrete})
def test_every_pmf_sums_to_one(case: Case):
    model = case.build()
    with torch.no_grad():
        pmf = model.likelihood.conditional(model.network(draw(case.space, 3), labels(case.space, 3))).pmf()
    assert pmf.shape == (3, case.space.dims, case.space.levels)
    torch.testing.assert_close(pmf.sum(-1), torch.ones(3, case.space.dims).double(), rtol=0, atol=1e-12)


@every_case(REAL)
def test_every_density_integrates_to_one(case: Case):
    model = case.build()
    # Over u with x = sinh(u), so that tails that fall as slowly as a power of x are in it too.
    u = torch.linspace(-30, 30, 100_001, dtype=torch.float64)
    grid = u.sinh()
    with torch.no_grad():
        params = model.network(draw(case.space, 1))[0]
        for conditional_params in params:
            conditional = model.likelihood.conditional(conditional_params.expand(len(grid), -1))
            area = torch.trapezoid(conditional.log_prob(grid).exp() * u.cosh(), u)
            torch.testing.assert_close(area, torch.tensor(1.0).double(), rtol=0, atol=1e-9)
