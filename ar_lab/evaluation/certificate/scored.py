"""scored: the model's nll is -log p of the very conditionals that are sampled."""

from collections.abc import Iterator

import torch
from jaxtyping import Shaped
from torch import Tensor

from ar_lab.evaluation.certificate.proof import Finding
from ar_lab.evaluation.certificate.subject import Subject, largest


def scored(subject: Subject) -> Iterator[Finding]:
    """nll = -log_prob of the conditionals = -log of their pmf at x, and log_prob(x) is minus its sum."""
    rows = min(len(subject.x), subject.room())
    order = subject.order.sort().values
    astray = int((order != torch.arange(subject.dims, device=order.device)).sum())
    yield Finding(float(astray), 0.0, "dimensions counted twice or never", subject.dims, subject.dims, "dimensions")
    yield subject.agreed(lambda it: _nll_apart(it, rows), rows, len(subject.x), "examples")
    yield subject.agreed(lambda it: _sum_apart(it, rows), rows, len(subject.x), "sums")
    if subject.space.discrete:
        yield subject.agreed(lambda it: _pmf_apart(it, rows), rows, len(subject.x), "examples by their pmf")


def _given(subject: Subject, rows: int) -> tuple[Tensor, Tensor | None]:
    return subject.x[:rows], None if subject.condition is None else subject.condition[:rows]


def _relative(one: Shaped[Tensor, "*shape"], other: Shaped[Tensor, "*shape"]) -> float:
    """The difference in nats, of large figures in nats a nat; none between two that are infinite alike."""
    apart = (one.double() - other.double()).abs() / one.double().abs().clamp_min(1.0)
    return largest(apart.masked_fill(one == other, 0.0))


def _nll_apart(subject: Subject, rows: int) -> float:
    x, labels = _given(subject, rows)
    return _relative(-subject.conditional(subject.params(x, labels)).log_prob(x), subject.nll(x, labels))


def _sum_apart(subject: Subject, rows: int) -> float:
    x, labels = _given(subject, rows)
    return _relative(-subject.nll(x, labels).sum(-1), subject.model.log_prob(subject.lay(x), labels))


def _pmf_apart(subject: Subject, rows: int) -> float:
    """|exp(-nll) - pmf(x)|: in probability, for its logarithm may be beyond single precision."""
    x, labels = _given(subject, rows)
    pmf = subject.conditional(subject.params(x, labels)).pmf().gather(-1, x.unsqueeze(-1)).squeeze(-1)
    return largest((subject.nll(x, labels).neg().exp().double() - pmf.double()).abs())
