"""What logistic, MADE and NADE share: a value is taken in as soon as it is known."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor

from ar_lab.models.network import Network, check_turn


@dataclass
class SumState:
    """The past as a sum, to which every value adds its contribution; filled in place by steps."""

    sums: Float[Tensor, "batch width"]
    position: int = 0  # places known
    asked: bool = False  # whether the conditional at `position` was given out


class TakingNetwork(Network):
    """A network whose step is to `take` the value before and to give out a `conditional`.

    Its state has the fields `position` and `asked` of a `SumState`.
    """

    @abstractmethod
    def take(self, value: Int[Tensor, " batch"], state: Any) -> None:
        """Takes in the value at the state's position."""

    @abstractmethod
    def conditional(self, state: Any) -> Float[Tensor, "batch outputs"]:
        """The parameters of the state's position."""

    def step(self, previous: Int[Tensor, " batch"] | None, state: Any) -> tuple[Float[Tensor, "batch outputs"], Any]:
        check_turn(state.asked, given=previous is not None)
        if previous is not None:
            self.take(previous, state)
            state.position += 1
        self.space.span(state.position, state.position + 1)
        state.asked = True
        return self.conditional(state), state
