"""Networks whose steps have a form of their own, made ready once when a state is unrolled."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ar_lab.models.network import PendingNetwork, check_turn

COMPLETE = (torch.float32, torch.float64)  # half precision lacks complex numbers: there, a step is a short `advance`


class Steps(ABC):
    """The state of a network that is being unrolled: overwritten by every step, and without gradient."""

    pending = None  # its conditional was asked for, or it would not be here

    @abstractmethod
    def __call__(self, previous: Shaped[Tensor, " batch"]) -> Float[Tensor, "batch outputs"]:
        """The parameters of the next conditional."""


class UnrollingNetwork(PendingNetwork):
    """A network that unrolls from tensors which it makes at the first step after `start` or `extend`.

    They are made from the weights of that moment, without dropout, which belongs to training.
    """

    @abstractmethod
    def unroll(self, state: Any) -> Steps:
        """Steps that go on from a state."""

    def step(self, previous: Shaped[Tensor, " batch"] | None, state: Any) -> tuple[Float[Tensor, "batch outputs"], Any]:
        check_turn(asked=state.pending is None, given=previous is not None)
        with torch.no_grad():
            if previous is None and self.dtype in COMPLETE:
                previous, state = state.pending, self.unroll(state)
            return (state(previous), state) if isinstance(state, Steps) else super().step(previous, state)

    def check_room(self, position: int, time: int) -> None:
        """Raises ValueError for dimensions beyond the last, unless the state is carried."""
        if not self.carries:
            self.space.span(position, position + time)
