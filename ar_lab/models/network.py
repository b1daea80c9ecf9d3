"""The contract of every network: start, extend, step."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from ar_lab.space import Space


def check_turn(asked: bool, given: bool):
    """Holds a caller of `step` and `extend` to the order in which conditionals are asked for and values given.

    Raises:
        ValueError: unless a value is given exactly when the conditional before was asked for by `step`.
    """
    if asked and not given:
        raise ValueError("step gave out a conditional whose value is not known yet: give it to step as `previous`")
    if given and not asked:
        raise ValueError("the value before is known since start or extend: call step with previous=None")


class Network(nn.Module, ABC):
    """Maps what came before each dimension to the `K` numbers of its conditional: a sequence of classifiers.

    A state holds all that is known so far: what the network made of it, and the last value, which is not taken in
    before the conditional after it is asked for. A call consumes the state it is given; use the one it returns.
    """

    carries = False  # True: the state is of constant size, and a stream may be extended without end

    def __init__(self, space: Space, outputs: int):
        super().__init__()
        self.space = space
        self.outputs = outputs  # K

    @abstractmethod
    def start(self, batch_size: int) -> Any:
        """The state before the first dimension."""

    @abstractmethod
    def extend(self, x: Shaped[Tensor, "batch time"], state: Any) -> tuple[Float[Tensor, "batch time outputs"], Any]:
        """The parameters of the next `time` conditionals in one pass; entry i is blind to x_i and all after."""

    @abstractmethod
    def step(self, previous: Shaped[Tensor, " batch"] | None, state: Any) -> tuple[Float[Tensor, "batch outputs"], Any]:
        """The parameters of the next conditional, from caches.

        `previous` is the value of the dimension before it, or None when the state knows it already: right after `start`
        or `extend`.
        """

    def forward(self, x: Shaped[Tensor, "batch dims"]) -> Float[Tensor, "batch dims outputs"]:
        """The parameters of all conditionals of whole examples."""
        return self.extend(x, self.start(len(x)))[0]

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """Entry [i, j]: whether the parameters of dimension i depend on x_j. All before i, unless a model says less."""
        return torch.ones(self.space.dims, self.space.dims, dtype=torch.bool).tril(-1)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


class PendingNetwork(Network):
    """A network that takes in values one behind those it is asked for; `advance` is all that is its own.

    Its state is a dataclass with a field `pending`: the last known value, or None once its conditional was asked for.
    """

    @abstractmethod
    def advance(
        self, previous: Shaped[Tensor, "batch time"], state: Any
    ) -> tuple[Float[Tensor, "batch time outputs"], Any]:
        """The parameters of the next dimensions, given the value before each; the state has nothing pending."""

    def extend(self, x: Shaped[Tensor, "batch time"], state: Any) -> tuple[Float[Tensor, "batch time outputs"], Any]:
        check_turn(asked=state.pending is None, given=False)
        previous = torch.cat([state.pending.unsqueeze(1), x[:, :-1]], dim=1)
        params, state = self.advance(previous, state)
        return params, replace(state, pending=x[:, -1])

    def step(self, previous: Shaped[Tensor, " batch"] | None, state: Any) -> tuple[Float[Tensor, "batch outputs"], Any]:
        check_turn(asked=state.pending is None, given=previous is not None)
        latest = state.pending if previous is None else previous
        params, state = self.advance(latest.unsqueeze(1), state)
        return params.squeeze(1), state
