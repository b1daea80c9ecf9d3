"""past: the network notices the places that it claims to see, and no others."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ar_lab.evaluation.certificate.proof import Dependence, Finding
from ar_lab.evaluation.certificate.subject import Subject, changed

ROUNDS = 4  # of single changes at every checked place, each from other examples to other values
FAINT = 1e-9  # of the largest change: an influence that fades out below rounding has been seen so small before
REDRAWS = 3  # of all weights, where moving them a little was not enough


@dataclass
class Seen:
    """What changes of x_j did to params_i, so far; the first axis is i, the second all checked j."""

    claimed: Bool[Tensor, "dims checked"]
    noticed: Bool[Tensor, "dims checked"]
    size: Float[Tensor, "dims checked"]  # the largest change, of the largest there is
    faint: Bool[Tensor, "dims checked"] = field(init=False)

    @property
    def missing(self) -> Bool[Tensor, "dims checked"]:
        return self.claimed & ~self.noticed & ~self.faint

    @property
    def leaks(self) -> Bool[Tensor, "dims checked"]:
        return self.noticed & ~self.claimed


def past(subject: Subject, pictures: list[Dependence]) -> Iterator[Finding]:
    """First with the weights as they are; what is missing then, in double precision, and with weights that are moved.

    Weights may hide a path that the network has: a unit that is never active, a head that starts at zero. An influence
    that fades with distance ends where rounding swallows it: what lies beyond is not held against the claim.
    """
    claim = getattr(subject.network, "receptive_field", None)
    if claim is None:
        yield Finding(0.0, 0.0, "", 0, subject.dims, "places", "the network does not say what it sees")
        return
    columns = torch.tensor(subject.places)
    claimed = claim().cpu()[:, columns]
    seen = Seen(claimed, torch.zeros_like(claimed), torch.zeros(claimed.shape, dtype=torch.float64))
    seen.faint = torch.zeros_like(claimed)
    _look(subject, seen, columns, ROUNDS)
    drawn = seen.noticed.clone()
    if seen.missing.any() and subject.clock.left:
        _look(subject.twin, seen, columns, ROUNDS)
        drawn = seen.noticed.clone()
        seen.faint = _faded(seen, columns)
    if not any(True for _ in subject.model.parameters()):
        seen.faint = seen.faint | _seen_elsewhere(seen, columns)
    else:
        _look_elsewhere(subject, seen, columns)
    pictures.append(_picture(seen, drawn, columns))
    yield _leaked(seen, columns)
    yield _blind(seen, columns, stopped=subject.clock.left == 0.0)
    if subject.condition is not None and subject.space.classes:
        yield _label_noticed(subject)


def _look(subject: Subject, seen: Seen, columns: Tensor, rounds: int) -> None:
    """Changes every checked place alone, until all that is claimed was noticed."""
    for number in range(rounds):
        done = 0
        for places in subject.pieces(columns.tolist()):
            rows = (subject.rows(places) + number) % len(subject.x)
            x, labels, at = subject.x[rows], subject.labels(rows), torch.arange(len(places), device=places.device)
            after = x.clone()
            after[at, places] = subject.others(x, seed=number)[at, places]
            one, other = subject.params(x, labels), subject.params(after, labels)
            some = slice(done, done + len(places))
            seen.noticed[:, some] |= changed(one, other).any(-1).T.cpu()
            size = (one - other).abs().amax(-1).T.cpu().double()
            seen.size[:, some] = torch.maximum(seen.size[:, some], size)
            done += len(places)
        if not seen.missing.any() or not subject.clock.left:
            return


def _faded(seen: Seen, columns: Tensor) -> Bool[Tensor, "dims checked"]:
    """What is as far away as the nearest place whose influence was seen at its faintest."""
    distance = torch.arange(len(seen.size)).unsqueeze(1) - columns
    small = seen.noticed & (seen.size > 0) & (seen.size < FAINT * seen.size.max())
    if not small.any():
        return torch.zeros_like(seen.claimed)
    return distance >= distance[small & (distance > 0)].min()


def _seen_elsewhere(seen: Seen, columns: Tensor) -> Bool[Tensor, "dims checked"]:
    """As far away as other places see: tables of counts have no weights to move, and are alike where data are few."""
    distance = torch.arange(len(seen.size)).unsqueeze(1) - columns
    return torch.isin(distance, distance[seen.noticed & seen.claimed])


def _look_elsewhere(subject: Subject, seen: Seen, columns: Tensor) -> None:
    """Looks for what is missing with weights near by, where an influence may fade as well, and with quite others."""
    for number in range(1 + REDRAWS):
        if not seen.missing.any() or not subject.clock.left:
            return
        _look(_reweighted(subject.twin, number), seen, columns, ROUNDS)
        if number == 0:
            seen.faint = seen.faint | _faded(seen, columns)


def _reweighted(subject: Subject, number: int) -> Subject:
    """The subject, whose weights are first moved a little away from where they are, and later redrawn.

    Redrawn all are positive, and what multiplies is small beside biases, ever smaller: no rectified unit sleeps, no
    two paths cancel, and none saturates.
    """
    generator = torch.Generator().manual_seed(number)
    for parameter in subject.model.parameters():
        if not isinstance(parameter, nn.Parameter):
            continue
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64).to(parameter)
        if number == 0:
            parameter.add_(0.05 * noise)
        else:
            parameter.copy_(noise.abs() / (4 ** (number - 1) * parameter.numel() ** 0.5 if parameter.ndim > 1 else 1.0))
    return subject


def _picture(seen: Seen, noticed: Bool[Tensor, "dims checked"], columns: Tensor) -> Dependence:
    """Every pair of places, by what became of it."""
    of_pair = torch.full(seen.claimed.shape, Dependence.UNSEEN, dtype=torch.int8)
    of_pair[seen.claimed] = Dependence.FAINT
    of_pair[seen.missing] = Dependence.BLIND
    of_pair[noticed & seen.claimed] = Dependence.SEEN
    of_pair[seen.leaks] = Dependence.LEAK
    pairs = torch.full((len(of_pair), len(of_pair)), Dependence.UNCHECKED, dtype=torch.int8)
    pairs[:, columns] = of_pair
    return Dependence(pairs)


def _leaked(seen: Seen, columns: Tensor) -> Finding:
    count, note = int(seen.leaks.sum()), None
    if count:
        i, k = seen.leaks.nonzero()[0].tolist()
        note = f"place {i} sees place {int(columns[k])}, and does not claim to"
    dims, checked = seen.claimed.shape
    return Finding(float(count), 0.0, "pairs seen beyond the claim", checked, dims, "places changed alone", note)


def _blind(seen: Seen, columns: Tensor, stopped: bool) -> Finding:
    """Pairs that were not found: nothing against the claim if it `stopped` before they were looked for everywhere."""
    count, note = int(seen.missing.sum()), None
    claimed = int(seen.claimed.sum())
    if count and stopped:
        note = f"no time was left to look for {count:,} claimed pairs with other weights"
        return Finding(0.0, 0.0, "claimed pairs never seen", claimed - count, claimed, "claimed pairs", note, True)
    if count:
        i, k = seen.missing.nonzero()[-1].tolist()
        note = f"place {i} claims to see place {int(columns[k])}, and does not"
    return Finding(float(count), 0.0, "claimed pairs never seen", claimed - count, claimed, "claimed pairs", note)


def _label_noticed(subject: Subject) -> Finding:
    """Whether another label makes other conditionals, if not with these weights, then with others."""
    deaf = not _hears_labels(subject) and not _hears_labels(_reweighted(subject.twin, REDRAWS))
    return Finding(float(deaf), 0.0, "labels that nothing depends on", 1, subject.space.classes, "labels")


def _hears_labels(subject: Subject) -> bool:
    x, labels = subject.x, subject.condition
    others = (labels + 1) % subject.space.classes
    return bool(changed(subject.params(x, labels), subject.params(x, others)).any())
