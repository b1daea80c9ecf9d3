"""samples: what an even grid of noise is mapped to is counted as the likelihood says."""

import time
from collections.abc import Iterator

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ar_lab.evaluation.certificate.normalized import at_temperature, masses_between
from ar_lab.evaluation.certificate.proof import Finding
from ar_lab.evaluation.certificate.subject import Subject, largest

GRID = 128  # points of noise at one place
GRID_OF_REALS = 1024
PLACES = 8  # whose tempered conditionals are looked at
FEW = 2  # places behind the prefix that other temperatures are tried at
COUNTS = 1.0  # an interval of the noise holds as many points as its length says, but for one
COMPONENTS = 15  # of a mixture that does not tell: one more count for each that real numbers are drawn from
TEMPERATURES = (0.5, 1.5)
ATTEMPTS = 3  # at noise of which no value lies on the edge between two levels


def samples(subject: Subject) -> Iterator[Finding]:
    """Behind a long prefix, at other temperatures too; then from the start, or from as far back as time allows."""
    dims, few = subject.dims, min(FEW, subject.dims)
    yield from _tempered(subject)
    began = time.monotonic()
    for temperature in (1.0, *TEMPERATURES):
        yield _counted(subject, dims - few, temperature)
    each = (time.monotonic() - began) / (3 * few)
    for drawn in dict.fromkeys((dims, dims // 4)):
        if drawn > few and drawn * each < subject.clock.left:
            yield _counted(subject, dims - drawn, 1.0)
            return
    if dims > few:
        yield Finding(0.0, 0.0, "", 0, dims, "places from the start", stopped=True)


def _tempered(subject: Subject) -> Iterator[Finding]:
    """tempered(T) is p^(1/T), normalized; what mixtures of densities make of a temperature is their own."""
    if not subject.space.discrete:
        return
    params = subject.params(subject.x[:1], subject.labels(torch.zeros(1, dtype=torch.long, device=subject.x.device)))
    chosen = subject.some(PLACES)
    conditional = subject.conditional(params[0, chosen])
    for temperature in TEMPERATURES:
        expected = conditional.pmf().double() ** (1 / temperature)
        expected = expected / expected.sum(-1, keepdim=True)
        apart = largest((conditional.tempered(temperature).pmf().double() - expected).abs())
        yield Finding(apart, 1e-5, "in probability", len(chosen), subject.dims, f"places tempered by {temperature}")


def _counted(subject: Subject, begin: int, temperature: float) -> Finding:
    """Draws what stands from `begin` on, with a grid of noise at some places and the same noise at all others."""
    places = sorted({begin, (begin + subject.dims) // 2})
    most = GRID if subject.space.discrete else GRID_OF_REALS
    grid = max(16, min(most, subject.room() * 4 // len(places)))
    things = "places" + (f" at temperature {temperature}" if temperature != 1.0 else "")
    for seed in range(ATTEMPTS):
        drawn, path = _drawn(subject, begin, places, grid, temperature, seed)
        steady = _same(drawn, path, places, grid)
        if steady:
            break
    if not steady:
        note = f"rows with the same noise part before place {places[-1]}, or before the noise differs"
        return Finding(float("inf"), 0.0, "", len(places), subject.dims, things, note)
    label = subject.labels(torch.zeros(1, dtype=torch.long, device=subject.x.device))
    params = subject.params(path.unsqueeze(0), label)[0]
    off = [
        _off(subject, params[place], drawn[k * grid : (k + 1) * grid, place], temperature)
        for k, place in enumerate(places)
    ]
    bound = COUNTS if subject.space.discrete else COUNTS + _components(subject, params)
    worst = max(range(len(off)), key=off.__getitem__)
    note = f"of {grid} at place {places[worst]}" + (f", temperature {temperature}" if temperature != 1.0 else "")
    return Finding(off[worst], bound + 1e-3 * grid / GRID, "counts", len(places), subject.dims, things, note)


def _drawn(
    subject: Subject, begin: int, places: list[int], grid: int, temperature: float, seed: int
) -> tuple[Shaped[Tensor, "rows dims"], Shaped[Tensor, " dims"]]:
    """The values of `grid` rows a place, and of one more without any grid: the path that all leave."""
    generator, device = torch.Generator().manual_seed(seed), subject.x.device
    noise = torch.rand(subject.dims, generator=generator, dtype=torch.float64).to(device)
    noise = noise.repeat(len(places) * grid + 1, 1)
    points = (torch.arange(grid, dtype=torch.float64, device=device) + 0.5) / grid
    for k, place in enumerate(places):
        noise[k * grid : (k + 1) * grid, place] = points
    zeros = torch.zeros(len(noise), dtype=torch.long, device=device)
    x, known = subject.x[zeros], torch.arange(subject.dims, device=device) < begin
    values = subject.model.complete(
        subject.lay(x) if begin else None,
        subject.lay(known) if begin else None,
        subject.lay(noise),
        temperature=temperature,
        condition=subject.labels(zeros),
    )[:, subject.order]
    return values[:-1], values[-1]


def _same(drawn: Tensor, path: Tensor, places: list[int], grid: int) -> bool:
    """Whether all rows have the values of the path before the place of their grid."""
    before = torch.arange(len(path), device=path.device) < torch.tensor(places, device=path.device).repeat_interleave(
        grid
    ).unsqueeze(1)
    apart = (drawn - path).abs() > (0 if not path.is_floating_point() else 1e-4 * (1 + path.abs()))
    return not bool((apart & before).any())


def _components(subject: Subject, params: Float[Tensor, "dims outputs"]) -> int:
    logits = getattr(subject.conditional(params), "logits", None)
    return logits.shape[-1] if isinstance(logits, Tensor) else COMPONENTS


def _off(
    subject: Subject, params: Float[Tensor, " outputs"], drawn: Shaped[Tensor, " grid"], temperature: float
) -> float:
    """How many counts the values of a grid are away from what their conditional says."""
    conditional = at_temperature(subject.conditional(params), temperature)
    if subject.space.discrete:
        counts = torch.bincount(drawn, minlength=subject.space.levels)
        return largest((counts - len(drawn) * conditional.pmf().double()).abs())
    ordered = drawn.double().sort().values
    below = masses_between(subject, params, ordered.unique(), temperature).cumsum(0)[:-1]
    seen = torch.searchsorted(ordered, ordered.unique(), right=True)
    return largest((seen - len(drawn) * below).abs())
