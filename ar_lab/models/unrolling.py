"""Networks whose steps have a form of their own, made ready once when a state is unrolled."""

from abc import ABC, abstractmethod
from typing import Any

from jaxtyping import Float, Shaped
from torch import Tensor

from ar_lab.models.network import PendingNetwork, check_turn


class Steps(ABC):
    """The state of a network that is being unrolled: overwritten by every step, and without gradient."""

    pending = None  # its conditional was asked for, or it would not be here

    @abstractmethod
    def __call__(self, previous: Shaped[Tensor, " batch"]) -> Float[Tensor, "batch outputs"]:
        """The parameters of the next conditional."""


class UnrollingNetwork(PendingNetwork):
    """A network that unrolls from buffers which it makes at the first step after `start` or `extend`.

    They are made from the weights of that moment, for dropout belongs to training and gradients to `extend`.
    """

    @abstractmethod
    def unroll(self, state: Any) -> Steps:
        """Steps that go on from a state."""

    def step(self, previous: Shaped[Tensor, " batch"] | None, state: Any) -> tuple[Float[Tensor, "batch outputs"], Any]:
        check_turn(asked=state.pending is None, given=previous is not None)
        if previous is None:
            previous, state = state.pending, self.unroll(state)
        return state(previous), state
