"""The conditionals of some rows one step at a time: the very path that both the coder and the decoder take."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.nn import functional as F

from ar_lab.likelihoods.base import Conditional
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Condition


@runtime_checkable
class Learns(Protocol):
    """What changes the model by what was coded (coding.prequential)."""

    def learn(self, x: Shaped[Tensor, "batch time"], state: Any, condition: Condition | None = None) -> Any: ...


class Walk:
    """Asks for the conditional of every row (`ask`), and is then told their values (`tell`).

    Text goes on as long as it is where the network carries its state. Elsewhere a window that is full begins again with
    its second half. With a learner the model changes after every `segment` steps: an example, or a piece of a text,
    which begins anew with every piece where no state is carried.
    """

    def __init__(
        self,
        model: AutoregressiveModel,
        rows: int,
        condition: Condition | None = None,
        learner: Learns | None = None,
        segment: int = 0,
    ):
        self.model, self.rows, self.condition, self.learner = model, rows, condition, learner
        self.carries = model.network.carries
        window = 0 if self.carries else model.space.dims
        self.room = window if learner is None else segment if self.carries else min(segment, window)
        self._begin(self._start())

    @torch.no_grad()
    def _start(self) -> Any:
        return self.model.network.start(self.rows, self.condition)

    def _begin(self, state: Any, known: Sequence[Tensor] = ()) -> None:
        self.begun = state
        again = self.learner is not None and self.carries  # the learner begins with it, and a step may overwrite it
        self.state = deepcopy(state) if again else state
        self.previous, self.told = None, [*known]

    @torch.no_grad()
    def ask(self, live: int) -> Conditional:
        """The conditionals `(live, 1)` of the first rows."""
        if self.room and len(self.told) == self.room:
            self._begin_again()
        params, self.state = self.model.network.step(self.previous, self.state)
        return self.model.likelihood.conditional(params[:live].unsqueeze(1))

    def tell(self, values: Shaped[Tensor, " live"]) -> None:
        """The values of the first rows; those of the others, which are at their end, do not matter."""
        self.previous = F.pad(self.model.cast(values), (0, self.rows - len(values)))
        if self.room:
            self.told.append(self.previous)
        if self.learner is not None and len(self.told) == self.room:
            after = self.learner.learn(torch.stack(self.told, dim=1), self.begun, self.condition)
            self._begin(after if self.carries else self._start())

    def _begin_again(self) -> None:
        known = self.told[-(self.room // 2) :] if self.room > 1 else []
        state = self._start()
        if known:
            state = self.model.network.extend(torch.stack(known, dim=1), state)[1]
        self._begin(state, known)
