"""The contract of every network: start, extend, step."""

from abc import ABC, abstractmethod
from dataclasses import replace
from itertools import chain
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Shaped
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


Condition = Int[Tensor, " batch"]  # the label of every example


def check_condition(space: Space, condition: Condition | None) -> None:
    """Raises ValueError unless labels are given exactly when the space has classes."""
    if space.classes is not None and condition is None:
        raise ValueError(f"condition=None: the model is conditioned on one of {space.classes} labels; give one a row")
    if space.classes is None and condition is not None:
        raise ValueError("condition: the model was not trained with labels; leave it out, or train with data.condition")


class Network(nn.Module, ABC):
    """Maps what came before each dimension to the `K` numbers of its conditional: a sequence of classifiers.

    A state holds all that is known so far: what the network made of it, and the last value, which is not taken in
    before the conditional after it is asked for. A call consumes the state it is given; use the one it returns.
    """

    carries = False  # True: the state is of constant size, and a stream may be extended without end
    text_blocks: int | None = None  # in how many a training text is cut, whose numbers are the condition; None: none
    order: Int[Tensor, " dims"] | None  # which dimension of an example stands at each place; None: as they lie

    def __init__(self, space: Space, outputs: int):
        super().__init__()
        self.space = space
        self.outputs = outputs  # K
        self.register_buffer("order", None)  # kept by checkpoints when there is one

    @abstractmethod
    def start(self, batch_size: int, condition: Condition | None = None) -> Any:
        """The state before the first dimension; of a space with classes, given the label of every row."""

    @abstractmethod
    def extend(self, x: Shaped[Tensor, "batch time"], state: Any) -> tuple[Float[Tensor, "batch time outputs"], Any]:
        """The parameters of the next `time` conditionals in one pass; entry i is blind to x_i and all after."""

    @abstractmethod
    def step(self, previous: Shaped[Tensor, " batch"] | None, state: Any) -> tuple[Float[Tensor, "batch outputs"], Any]:
        """The parameters of the next conditional, from caches.

        `previous` is the value of the dimension before it, or None when the state knows it already: right after `start`
        or `extend`.
        """

    def forward(
        self, x: Shaped[Tensor, "batch dims"], condition: Condition | None = None
    ) -> Float[Tensor, "batch dims outputs"]:
        """The parameters of all conditionals of whole examples."""
        return self.extend(x, self.start(len(x), condition))[0]

    def estimate(self, x: Shaped[Tensor, "..."], condition: Int[Tensor, " examples"] | None = None) -> list[str]:
        """Fits in closed form what is not learned by gradients, to a training part as `Parts` holds it.

        `x` is `(examples, dims)`, or of text one stream `(length,)`. Most networks have nothing of the kind. What a
        reader of the figures must know of the fit is returned, as notes.
        """
        return []

    def anew(self, state: Any, condition: Condition | None) -> Any:
        """A carried state whose next dimensions are given another condition; most networks carry none."""
        return state

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """Entry [i, j]: whether the parameters of dimension i depend on x_j. All before i, unless a model says less."""
        return torch.ones(self.space.dims, self.space.dims, dtype=torch.bool).tril(-1)

    @property
    def device(self) -> torch.device:
        return self._tensor().device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of its parameters, and of real numbers that it takes."""
        return self._tensor().dtype

    def _tensor(self) -> Tensor:
        held = chain(self.parameters(), self.buffers())
        return next((tensor for tensor in held if tensor.is_floating_point()), torch.empty(0))


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
