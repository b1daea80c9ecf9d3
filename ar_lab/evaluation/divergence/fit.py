"""The least of a divergence over a family: Adam from several starts, and L-BFGS from the best where sums are exact."""

import math
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from statistics import mean, stdev

import torch

from ar_lab.evaluation.divergence.definitions import DIVERGENCES, Divergence
from ar_lab.evaluation.divergence.estimators import Estimator
from ar_lab.evaluation.divergence.families import Family

LAST = 0.01  # of the learning rate, at the last step
POLISH = 60  # iterations of L-BFGS a round
STILL = 1e-5  # the gain of a last round of polishing, relative to the loss or 1, below which a fit has converged
Trajectory = list[float]


@dataclass(frozen=True)
class Fit:
    """The best of several starts; the losses of every start, step by step."""

    objective: str
    family: Family
    how: str
    trajectories: list[Trajectory]
    best: int  # of the starts
    converged: bool
    seconds: float


def fit(
    objective: str,
    estimator: Estimator,
    begin: Callable[[int], Family],
    restarts: int,
    steps: int,
    lr: float,
    stepped: Callable[[], None] = lambda: None,
) -> Fit:
    """Minimizes one divergence; `begin` makes the family of a start, `stepped` is called after every step.

    Raises:
        ValueError: when no start has a finite loss.
    """
    divergence, began = DIVERGENCES[objective], time.monotonic()
    families = [begin(start) for start in range(restarts)]
    losses = [descend(divergence, estimator, family, steps, lr, stepped) for family in families]
    ends = [_end(trajectory) for trajectory in losses]
    if not any(map(math.isfinite, ends)):
        raise ValueError(f"{objective}: not finite from any of {restarts} starts; try other seeds or task.lr")
    best = min(range(restarts), key=lambda start: ends[start] if math.isfinite(ends[start]) else math.inf)
    family = families[best]
    converged = polish(divergence, estimator, family) if estimator.exact else _is_still(losses[best])
    seconds = time.monotonic() - began
    return Fit(objective, family, estimator.how(divergence, family), losses, best, converged, seconds)


def descend(
    divergence: Divergence, estimator: Estimator, family: Family, steps: int, lr: float, stepped: Callable[[], None]
) -> Trajectory:
    """Adam with a rate that falls along a cosine; ends early where the loss is no number."""
    optimizer = torch.optim.Adam(family.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, LAST * lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = estimator.loss(divergence, family)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            break
        loss.backward()
        optimizer.step()
        schedule.step()
        stepped()
    return losses


def polish(divergence: Divergence, estimator: Estimator, family: Family) -> bool:
    """Two rounds of L-BFGS on an exact loss, the second of which tells whether the fit has converged."""
    ends = [_round(divergence, estimator, family) for _ in range(2)]
    return ends[0] - ends[1] <= STILL * max(abs(ends[1]), 1)


def _round(divergence: Divergence, estimator: Estimator, family: Family) -> float:
    """One round, taken back where it leads nowhere: total variation is not smooth."""
    before = deepcopy(family.state_dict())
    optimizer = torch.optim.LBFGS(family.parameters(), max_iter=POLISH, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = estimator.loss(divergence, family)
        loss.backward()
        for parameter in family.parameters():  # L-BFGS takes views of them, and convolutions leave channels last
            parameter.grad = None if parameter.grad is None else parameter.grad.contiguous()
        return loss.detach()

    with torch.no_grad():
        at_first = float(estimator.loss(divergence, family))
    optimizer.step(closure)
    with torch.no_grad():
        reached = float(estimator.loss(divergence, family))
    if reached <= at_first:
        return reached
    family.load_state_dict(before)
    return at_first


def settle(fits: dict[str, Fit], estimator: Estimator) -> dict[str, Fit]:
    """The same fits, but one that the fit of another objective beats in its own begins again from there."""
    for name in [*fits, *fits]:  # twice, since what begins again may beat others in turn
        fits = {**fits, name: _settled(fits[name], list(fits.values()), estimator)}
    return fits


def _settled(one: Fit, fits: Sequence[Fit], estimator: Estimator) -> Fit:
    divergence = DIVERGENCES[one.objective]
    with torch.no_grad():
        losses = [float(estimator.loss(divergence, other.family)) for other in fits]
        own = float(estimator.loss(divergence, one.family))
    least = min(range(len(fits)), key=lambda index: losses[index] if math.isfinite(losses[index]) else math.inf)
    if not losses[least] < own:
        return one
    family = deepcopy(fits[least].family)
    return replace(one, family=family, converged=polish(divergence, estimator, family))


def _end(trajectory: Trajectory) -> float:
    """Where a start ended: its last tenth, for losses may be noisy."""
    return mean(trajectory[-max(1, len(trajectory) // 10) :])


def _is_still(trajectory: Trajectory) -> bool:
    """Whether the last tenth of noisy losses is no lower than the tenth before, beyond its error."""
    tenth = len(trajectory) // 10
    if tenth < 2:
        return False
    before, last = trajectory[-2 * tenth : -tenth], trajectory[-tenth:]
    error = math.hypot(stdev(before), stdev(last)) / math.sqrt(tenth)
    return mean(before) - mean(last) <= 3 * error
