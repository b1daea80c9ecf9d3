"""Learning while coding: a model that knows nothing at first, and learns from every segment once that is coded.

The sum of its code lengths is prequential (Dawid, 1984): no model need be sent, since the decoder learns the same way
(Blier and Ollivier, 2018, The Description Length of Deep Learning Models, section 3.4).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer, Shaped
from torch import Tensor
from torch.optim import Adam, Optimizer, SparseAdam

from ar_lab.coding.alphabet import Alphabet
from ar_lab.coding.layout import Batch, Layout
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Condition
from ar_lab.models.ngram import NGram
from ar_lab.models.prior import PriorNetwork

FIRST_FIT = 256  # symbols before what is fitted in closed form is fitted for the first time
KEPT = 5_000_000  # symbols that are remembered, at most: the first ones
BETAS = (0.9, 0.99)
REPLAYS = 4  # gradient steps on earlier segments, after that on the segment itself


class Learner:
    """Changes a model by what it is shown: by steps of Adam, and by closed-form fits to all that was seen.

    A step on the new segment is followed by some on segments drawn among the earlier ones, which teach a network more
    than one look does (Bornschein et al., 2022, Sequential Learning of Neural Networks for Prequential MDL). The n-gram
    under a network has counted these, and would look far too good on them: there, no segment is shown twice. All is a
    deterministic function of the model and of what it is shown.
    """

    def __init__(self, model: AutoregressiveModel, lr: float):
        self.model = model.eval().requires_grad_(True)
        self.optimizers = _optimizers(model, lr)
        network = model.network
        counted = network.prior if isinstance(network, PriorNetwork) else network
        self.counted = counted if isinstance(counted, NGram) else None
        self.replays = 0 if isinstance(network, PriorNetwork) else REPLAYS
        self.seen: list[tuple[Tensor, Condition | None]] = []
        self.kept = KEPT if self.counted is None else self.counted.symbols
        self.symbols, self.next_fit = 0, FIRST_FIT
        self.generator = torch.Generator().manual_seed(0)

    def learn(self, x: Shaped[Tensor, "batch time"], state: Any, condition: Condition | None = None) -> Any:
        """Learns from values that follow a state; returns the state before those that follow them.

        A carried state is what the weights had made of the values before they learned from them. Where none is carried
        the values begin an example, or a text, and so do those after them.
        """
        with _repeatable(self.model.network.device):
            after = self._descend(x, state if self.model.network.carries else None, condition)
            for _ in range(self.replays if self.seen and self.optimizers else 0):
                self._descend(*self._drawn())
            self._remember(x, condition)
        return after

    def _descend(self, x: Shaped[Tensor, "batch time"], state: Any, condition: Condition | None) -> Any:
        """A gradient step on values that follow a state, or begin; returns the state after them."""
        network = self.model.network
        with torch.enable_grad():
            state = network.start(len(x), condition) if state is None else state
            params, after = network.extend(x, state)
            if self.optimizers:
                self._step(-self.model.likelihood.conditional(params).log_prob(x).mean())
        return after.detach() if network.carries else None

    def _step(self, loss: Float[Tensor, ""]) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()

    def _drawn(self) -> tuple[Tensor, None, Condition | None]:
        """An earlier segment, as if nothing was before it."""
        x, condition = self.seen[int(torch.randint(len(self.seen), (), generator=self.generator))]
        return x, None, condition

    def _remember(self, x: Shaped[Tensor, "batch time"], condition: Condition | None) -> None:
        if self.symbols + x.numel() > self.kept:
            self.kept = 0  # what comes later would leave a hole before it
            return
        self.seen.append((x, condition))
        self.symbols += x.numel()
        if self.counted is not None and self.symbols >= self.next_fit:
            self.next_fit = (
                self.symbols + self.symbols // 4
            )  # rarer costs more bits, and oftener more time than it saves
            self._fit()

    def _fit(self) -> None:
        pieces, conditions = zip(*self.seen, strict=True)
        if self.model.space.kind == "sequence":
            self.counted.estimate(torch.cat(pieces, dim=1).flatten())  # lane by lane
        else:
            self.counted.estimate(torch.cat(pieces), None if conditions[0] is None else torch.cat(conditions))


def _optimizers(model: AutoregressiveModel, lr: float) -> list[Optimizer]:
    """Adam for what there is to learn, and its sparse form for tables with sparse gradients."""
    tables = [table for child in model.modules() if getattr(child, "sparse", False) for table in child.parameters()]
    others = [parameter for parameter in model.parameters() if all(parameter is not table for table in tables)]
    kinds = ((Adam, others), (SparseAdam, tables))
    return [kind(parameters, lr, BETAS) for kind, parameters in kinds if parameters]


@contextmanager
def _repeatable(device: torch.device) -> Iterator[None]:
    """Gradients that are the same to the bit whenever they are computed on this device, where torch can have it so."""
    before, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=device.type != "cpu")
    try:
        with torch.backends.cudnn.flags(enabled=False):  # whose recurrent layers have no gradient in evaluation mode
            yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)


class Still:
    """Learns nothing: what a fixed model would be, in the place of a learner."""

    def __init__(self, model: AutoregressiveModel):
        self.model = model

    def learn(self, x: Shaped[Tensor, "batch time"], state: Any, condition: Condition | None = None) -> Any:
        """The state after the values."""
        with torch.no_grad():
            return self.model.network.extend(x, state)[1]


def nats_by_segments(
    learner: Learner | Still, alphabet: Alphabet, symbols: Integer[np.ndarray, " symbols"], layout: Layout, segment: int
) -> Iterator[tuple[int, float]]:
    """How many symbols were scored and their -log p, segment by segment in parallel passes, learning between them.

    A segment is so many steps of all lanes of a stream, or a batch of examples. Spaces with classes are not scored.
    """
    network = learner.model.network
    segment = segment if network.carries else min(segment, learner.model.space.dims)
    for batch in layout.batches():
        state, steps = network.start(len(batch.starts)), segment if layout.dims is None else batch.steps
        for first in range(0, batch.steps, steps):
            span = np.arange(first, min(first + steps, batch.steps))
            columns = np.zeros_like(span) if layout.dims is None else _columns(network.order, span)
            live = batch.live(int(span[-1]))
            some = _some(symbols, batch, span if layout.dims is None else columns, live)
            x = learner.model.cast(alphabet.values(some, columns))
            with torch.no_grad():
                params, _ = network.extend(x, state)
                nats = alphabet.nats(learner.model.likelihood.conditional(params), some, columns)
            nats[live:, -1] = 0.0
            yield int(nats.numel() - (len(nats) - live)), float(nats.sum())
            state = learner.learn(x, state)
            state = state if network.carries else network.start(len(batch.starts))


def _columns(order: Tensor | None, span: Integer[np.ndarray, " steps"]) -> Integer[np.ndarray, " steps"]:
    return span if order is None else order.cpu().numpy()[span]


def _some(
    symbols: Integer[np.ndarray, " symbols"], batch: Batch, offsets: Integer[np.ndarray, " steps"], live: int
) -> Integer[np.ndarray, "rows steps"]:
    """The symbols of all rows at some steps; 0 in the last column where a row has ended."""
    places = batch.starts[:, None] + offsets
    places[live:, -1] = 0
    found = symbols[places]
    found[live:, -1] = 0
    return found
