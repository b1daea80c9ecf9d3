"""causal: no conditional changes in any bit when its own variable, or a later one, does."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Shaped
from torch import Tensor

from ar_lab.evaluation.certificate.proof import Finding
from ar_lab.evaluation.certificate.subject import Subject, changed, largest


def causal(subject: Subject) -> Iterator[Finding]:
    """Changes x_i and all behind it, at every checked place i: conditionals up to i stay, and the nll before it."""
    for some in subject.pieces(subject.places):
        yield _unmoved(subject, some, subject.params, "places", up_to=0, seed=1)
    for some in subject.pieces(subject.places):
        yield _unmoved(subject, some, subject.nll, "places by the nll itself", up_to=-1, seed=2)


def _unmoved(
    subject: Subject, places: Tensor, asked: Callable[..., Shaped[Tensor, "..."]], things: str, up_to: int, seed: int
) -> Finding:
    rows = subject.rows(places)
    before, labels = subject.x[rows], subject.labels(rows)
    index = torch.arange(subject.dims, device=before.device)
    after = torch.where(index >= places.unsqueeze(1), subject.others(before, seed), before)
    asked_for = (len(places), subject.dims, -1)
    one, other = (asked(x, labels).reshape(asked_for) for x in (before, after))  # of one shape: by the same kernels
    told = index <= places.unsqueeze(1) + up_to
    moved = changed(one, other).any(-1) & told
    figure = largest((one - other).abs().amax(-1)[moved])
    note = None
    if moved.any():
        row = int(moved.any(1).nonzero()[0])
        hearing, place = int(moved[row].nonzero()[0]), int(places[row])
        note = f"place {hearing} changes with what stands at {place} and behind it"
    return Finding(figure or float(moved.any()), 0.0, "", len(places), subject.dims, things, note)
