"""repeatable and independent: a figure is a function of the example alone."""

from collections.abc import Iterator

import torch

from ar_lab.evaluation.certificate.proof import Finding
from ar_lab.evaluation.certificate.subject import Subject, changed, largest


def repeatable(subject: Subject) -> Iterator[Finding]:
    """The same question, with others asked in between, has the same answer to the bit."""
    rows = torch.arange(min(len(subject.x), subject.room()), device=subject.x.device)
    x, labels = subject.x[rows], subject.labels(rows)
    first = subject.nll(x, labels)
    subject.params(subject.others(x, seed=3), labels)
    subject.network.step(None, subject.network.start(len(x), labels))
    again = subject.nll(x, labels)
    moved = changed(first, again)
    figure = largest((first - again).abs()[moved]) or float(moved.any())
    yield Finding(figure, 0.0, "nats", len(rows), len(subject.x), "examples")


def independent(subject: Subject) -> Iterator[Finding]:
    """A row keeps every bit when the rows beside it change, and its nats when it is alone or elsewhere."""
    count = max(2, min(len(subject.x), subject.room()))
    rows = torch.arange(count, device=subject.x.device) % len(subject.x)
    x, labels = subject.x[rows], subject.labels(rows)
    for kept in (0, count - 1):
        beside = subject.others(x, seed=4)
        beside[kept] = x[kept]
        one, other = (subject.params(given, labels)[kept] for given in (x, beside))
        moved = changed(one, other)
        figure = largest((one - other).abs()[moved]) or float(moved.any())
        yield Finding(figure, 0.0, "", 1, count, "rows beside others")
    yield subject.agreed(lambda it: _alone_and_elsewhere(it, count), count, count, "rows alone and elsewhere")


def _alone_and_elsewhere(subject: Subject, count: int) -> float:
    rows = torch.arange(count, device=subject.x.device) % len(subject.x)
    x, labels = subject.x[rows], subject.labels(rows)
    together = subject.params(x, labels)
    alone = torch.cat([subject.params(x[k : k + 1], subject.labels(rows[k : k + 1])) for k in range(count)])
    turned = subject.params(x.flip(0), None if labels is None else labels.flip(0)).flip(0)
    return max(subject.distance(together, alone), subject.distance(together, turned))
