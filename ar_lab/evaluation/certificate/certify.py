"""The proofs in their order, each within its share of the time."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from ar_lab.evaluation.certificate.causal import causal
from ar_lab.evaluation.certificate.independence import independent, repeatable
from ar_lab.evaluation.certificate.normalized import normalized
from ar_lab.evaluation.certificate.past import past
from ar_lab.evaluation.certificate.proof import Certificate, Dependence, Finding, Proof
from ar_lab.evaluation.certificate.samples import samples
from ar_lab.evaluation.certificate.scored import scored
from ar_lab.evaluation.certificate.steps import steps
from ar_lab.evaluation.certificate.subject import Clock, Subject
from ar_lab.model import AutoregressiveModel

PLANNED = 0.8  # of the time: a proof ends with the measurement that its deadline falls into
EXAMPLES = 4  # of the given ones, and two more without any structure


class Law(NamedTuple):
    """What is to be proved, and its weight in the time there is."""

    name: str
    statement: str
    weight: int
    prove: Callable[[Subject], Iterable[Finding]]


def laws(pictures: list[Dependence]) -> list[Law]:
    """All proofs; a picture of the receptive field is left in `pictures`."""
    return [
        Law("repeatable", "evaluation is a function: the same example has the same likelihood twice", 1, repeatable),
        Law("causal", "every conditional is blind to its own variable and to all behind it", 4, causal),
        Law("normalized", "probabilities sum to one", 3, normalized),
        Law("scored", "the loss is -log p of the very conditionals that are sampled", 1, scored),
        Law("independent", "the likelihood of an example does not depend on the batch around it", 1, independent),
        Law("steps", "unrolled step by step, the model is the one that is evaluated in parallel", 4, steps),
        Law("samples", "an even grid of noise is mapped to values as often as the likelihood says", 4, samples),
        Law(
            "past",
            "a conditional notices the past it claims to see, and nothing else",
            3,
            partial(past, pictures=pictures),
        ),
    ]


def certify(
    model: AutoregressiveModel,
    x: Shaped[Tensor, "rows dims"] | None = None,
    condition: Int64[Tensor, " rows"] | None = None,
    seconds: float | None = None,
) -> Certificate:
    """Proves of a model, in evaluation mode, that its figures are likelihoods; `seconds` at most, if given.

    `x` are examples to ask it about, with their labels for a space with classes. The model may be anybody's: an error
    that a proof meets with refutes it.
    """
    began, pictures, training = time.monotonic(), [], model.training
    clock, proofs = Clock(None if seconds is None else PLANNED * seconds), []
    todo = laws(pictures)
    with torch.inference_mode(), _undisturbed():
        model.eval()
        subject = Subject(model, *_examples(model, x, condition), clock)
        for k, law in enumerate(todo):
            clock.allot(law.weight / sum(other.weight for other in todo[k:]))
            proofs.append(_proved(law, subject))
    model.train(training)
    dtype, device = str(model.network.dtype).removeprefix("torch."), str(model.network.device)
    return Certificate(proofs, dtype, device, time.monotonic() - began, pictures[0] if pictures else None)


def _examples(
    model: AutoregressiveModel, x: Tensor | None, condition: Tensor | None
) -> tuple[Tensor, Int64[Tensor, " rows"] | None]:
    """Some of the given examples and some without structure, in the network's order, with labels."""
    space, generator = model.space, torch.Generator().manual_seed(0)
    count = 2 if x is not None and len(x) else EXAMPLES
    if space.discrete:
        free = torch.randint(space.levels, (count, space.dims), generator=generator)
    else:
        free = torch.randn(count, space.dims, generator=generator)
    given = free[:0] if x is None else x[:EXAMPLES]
    rows = torch.cat([model.cast(given), model.cast(free)])
    order = getattr(model.network, "order", None)
    rows = rows if order is None else rows[:, order]
    if space.classes is None:
        return rows, None
    labels = torch.arange(len(rows), device=rows.device) % space.classes
    if condition is not None:
        labels[: len(given)] = condition[: len(given)].to(labels)
    return rows, labels


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keeps the state of torch's random numbers; no compilation for every shape, and no TF32 on a GPU."""
    compiles = "torch._dynamo" in sys.modules  # which takes seconds to import, and is there when something is compiled
    eager = torch.compiler.set_stance("force_eager") if compiles else nullcontext()
    with torch.random.fork_rng(), eager, torch.backends.cudnn.flags(allow_tf32=False):
        yield


def _proved(law: Law, subject: Subject) -> Proof:
    if subject.clock.is_over:
        return Proof(law.name, law.statement, "not checked", note="no time was left")
    began, found, stopped = time.monotonic(), [], False
    try:
        for finding in law.prove(subject):
            found.append(finding)
            stopped = law.weight > 1 and subject.clock.left == 0.0  # the others are a few passes, and end by themselves
            if finding.refutes or stopped:
                break
    except Exception as error:  # whatever a model from outside does: it is what refutes it
        failure = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        found.append(Finding(float("inf"), 0.0, "", 0, 0, "", failure))
    return _summed_up(law, found, stopped, time.monotonic() - began)


def _summed_up(law: Law, found: list[Finding], stopped: bool, seconds: float) -> Proof:
    worst = max(found, key=lambda finding: finding.severity)
    checked: dict[str, tuple[int, int]] = {}
    for finding in found:
        before = checked.get(finding.things, (0, 0))[0]
        checked[finding.things] = (min(before + finding.checked, finding.total), finding.total)
    return Proof(
        law.name,
        law.statement,
        "refuted" if worst.refutes else "proved",
        worst.figure,
        worst.tolerance,
        worst.unit,
        [f"{done:,} of {total:,} {things}" for things, (done, total) in checked.items() if things],
        worst.note,
        stopped or any(finding.stopped for finding in found),
        round(seconds, 3),
    )
