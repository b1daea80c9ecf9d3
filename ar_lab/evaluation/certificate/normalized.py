"""normalized: probabilities sum to one, and so do those that the figures are made of."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ar_lab.evaluation.certificate.proof import Finding
from ar_lab.evaluation.certificate.quadrature import masses
from ar_lab.evaluation.certificate.subject import EXACT, TOLERANCE, Subject, largest
from ar_lab.likelihoods.base import Conditional

ENUMERABLE = 2**14  # examples: spaces so small are summed over whole
END_TO_END = 4  # places at which the model's own nll is summed over the alphabet
TERMS = 2**22  # probabilities computed at once
QUANTILES = 129  # samples that tell the quadrature where the density is
DENSITIES = 64  # conditionals that are integrated


def normalized(subject: Subject) -> Iterator[Finding]:
    """Conditionals by their alphabet or by quadrature; the model's nll at some places, or over all examples."""
    if not subject.space.discrete:
        yield from _areas(subject)
        return
    yield from _conditionals(subject, 0)
    if subject.space.levels**subject.dims <= ENUMERABLE:
        yield _all_examples(subject)
    else:
        yield from _end_to_end(subject)
    for row in range(1, len(subject.x)):
        yield from _conditionals(subject, row)


def tolerance(subject: Subject) -> float:
    return EXACT if subject.network.dtype == torch.float64 else TOLERANCE


def _conditionals(subject: Subject, row: int) -> Iterator[Finding]:
    """The sum of exp log_prob over the whole alphabet, at every checked place of an example."""
    total, levels = subject.dims * len(subject.x), subject.space.levels
    some = torch.tensor([row], device=subject.x.device)
    params = subject.params(subject.x[some], subject.labels(some))[0, subject.places]
    for piece in params.split(max(1, TERMS // (levels * levels))):
        excess = log_pmf(subject, piece).double().logsumexp(-1).abs()
        yield Finding(largest(excess), tolerance(subject), "nats", len(piece), total, "conditionals")


def log_pmf(subject: Subject, params: Float[Tensor, "places outputs"]) -> Float[Tensor, "places levels"]:
    """log_prob of every level."""
    shape = (len(params), subject.space.levels)
    alphabet = torch.arange(subject.space.levels, device=params.device).expand(shape)
    return subject.conditional(params.unsqueeze(1).expand(*shape, -1)).log_prob(alphabet)


def _all_examples(subject: Subject) -> Finding:
    space, sums = subject.space, []
    count = space.levels**subject.dims
    index = torch.arange(count, device=subject.x.device)
    powers = space.levels ** torch.arange(subject.dims, device=subject.x.device)
    x = index.unsqueeze(1) // powers % space.levels
    for label in range(space.classes or 1):
        rows = x.split(subject.room() if subject.room() > 1 else 256)
        given = [None if space.classes is None else torch.full((len(some),), label, device=x.device) for some in rows]
        logs = [subject.model.log_prob(some, labels) for some, labels in zip(rows, given, strict=True)]
        sums.append(torch.cat(logs).double().logsumexp(0))
    return Finding(largest(torch.stack(sums).abs()), tolerance(subject), "nats", count, count, "examples")


def _end_to_end(subject: Subject) -> Iterator[Finding]:
    """exp(-nll) at a place summed over all values there, with nothing between but the model itself."""
    levels, things = subject.space.levels, "places by the nll itself"
    for place in reversed(subject.some(END_TO_END)):
        if levels * subject.row_seconds > subject.clock.left:
            yield Finding(0.0, 0.0, "", 0, subject.dims, things, stopped=True)
            return
        row = torch.zeros(levels, dtype=torch.long, device=subject.x.device)
        x = subject.x[row].clone()
        x[:, place] = torch.arange(levels, device=x.device)
        pieces = torch.arange(levels, device=x.device).split(subject.room())
        nll = torch.cat([subject.nll(x[some], subject.labels(row[some]))[:, place] for some in pieces])
        excess = float((-nll.double()).logsumexp(0).abs().nan_to_num(float("inf")))
        yield Finding(excess, tolerance(subject), "nats", 1, subject.dims, things)


def _areas(subject: Subject) -> Iterator[Finding]:
    """The integrals of the densities, in double precision: an x in single precision is too coarse for a narrow one."""
    params = subject.params(subject.x, subject.condition)[:, subject.places].double().flatten(0, 1)
    for one in params[torch.linspace(0, len(params) - 1, min(len(params), DENSITIES)).long()]:
        area = masses_between(subject, one, params.new_zeros(0)).sum()
        excess = largest(area.log().abs())
        yield Finding(excess, TOLERANCE, "nats", 1, subject.dims * len(subject.x), "densities")


def masses_between(
    subject: Subject, params: Float[Tensor, " outputs"], points: Float[Tensor, " points"], temperature: float = 1.0
) -> Float[Tensor, " points_and_1"]:
    """The mass of a density below, between and above given points, in double precision."""
    one = at_temperature(subject.conditional(params.double()), temperature)
    edges = torch.cat([points.double(), _where_it_is(subject, params.double(), one)]).unique()

    def log_density(x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        return at_temperature(subject.conditional(params.double().expand(len(x), -1)), temperature).log_prob(x)

    parts = masses(log_density, edges)
    owner = torch.cat([_position(edges, points), torch.tensor([len(points)], device=points.device)])
    return parts.new_zeros(len(points) + 1).index_add_(0, owner, parts)


def at_temperature(conditional: Conditional, temperature: float) -> Conditional:
    return conditional if temperature == 1.0 else conditional.tempered(temperature)


def _position(edges: Float[Tensor, " edges"], points: Float[Tensor, " points"]) -> Int64[Tensor, " edges"]:
    """How many points lie below each edge: the interval that ends there."""
    return torch.searchsorted(points.double().contiguous(), edges)


def _where_it_is(subject: Subject, params: Float[Tensor, " outputs"], one: Conditional) -> Float[Tensor, " n"]:
    """Points where much of the density lies: quantiles by its sampler, and the centers of a mixture that names them."""
    noise = (torch.arange(QUANTILES, dtype=torch.float64, device=params.device) + 0.5) / QUANTILES
    found = [subject.conditional(params.expand(QUANTILES, -1)).sample(noise).double()]
    means, scales = getattr(one, "means", None), getattr(one, "scales", None)
    if isinstance(means, Tensor) and isinstance(scales, Tensor):
        found += [(means + k * scales).double().flatten() for k in (-8, -2, 0, 2, 8)]
    points = torch.cat(found)
    return points[points.isfinite()]
