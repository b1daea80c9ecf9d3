"""Logistic regressions in a row: the fully visible sigmoid belief network (Neal, 1992; Frey, 1998)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ar_lab.layers.contributions import Contributions, PlaceHead, features
from ar_lab.layers.embedding import ClassEmbedding
from ar_lab.models.network import Condition, check_condition, check_turn
from ar_lab.models.taking import SumState, TakingNetwork
from ar_lab.space import Space


class Logistic(TakingNetwork):
    """params_i = b_i + V_i sum_{j<i} W_ij phi(x_j): every variable regressed on those before it.

    With one logit a dimension this is the FVSBN, p(x_i = 1 | x_<i) = sigmoid(b_i + sum_{j<i} w_ij x_j); with more, up
    to `rank`, a softmax regression, V_i being the identity; beyond it one of that rank. A label adds a term to the sum.
    All parameters start at no dependence: up to `rank` outputs the likelihood is concave in them.

    Raises:
        ValueError: for real numbers, and for more weights than `max_weights`, which grow with the square of the places.
    """

    def __init__(self, space: Space, outputs: int, rank: int = 8, max_weights: int = 200_000_000):
        super().__init__(space, outputs)
        weights = space.dims**2 * min(rank, outputs) * (features(space) if space.discrete else 0)
        if weights > max_weights:
            raise ValueError(
                f"{weights:,} weights for {space.dims} places, max_weights={max_weights:,}: lower the rank"
            )
        self.head = PlaceHead(space, outputs, rank)
        width = space.dims * self.head.rank
        self.contributions = Contributions(space, width)
        self.label = ClassEmbedding(space, width)
        nn.init.zeros_(self.contributions.weight)
        for table in self.label.parameters():
            nn.init.zeros_(table)

    def start(self, batch_size: int, condition: Condition | None = None) -> SumState:
        check_condition(self.space, condition)
        weight, label = self.contributions.weight, self.label(condition)
        return SumState(weight.new_zeros(batch_size, weight.shape[-1]) if label is None else label)

    def extend(
        self, x: Int[Tensor, "batch time"], state: SumState
    ) -> tuple[Float[Tensor, "batch time outputs"], SumState]:
        check_turn(state.asked, given=False)
        new = self.space.span(state.position, state.position + x.shape[1])
        weight = self._causal(new)
        sums = state.sums + self.contributions.features(x).flatten(1) @ weight.flatten(0, 1)
        numbers = sums.unflatten(1, (self.space.dims, self.head.rank))[:, new]
        return self.head(numbers, new), SumState(sums, new.stop)

    def take(self, value: Int[Tensor, " batch"], state: SumState) -> None:
        later = slice((state.position + 1) * self.head.rank, None)
        weight = self.contributions.weight[state.position, :, later]
        self.contributions.add(state.sums[:, later], value, weight)

    def conditional(self, state: SumState) -> Float[Tensor, "batch outputs"]:
        i, rank = state.position, self.head.rank
        numbers = state.sums[:, i * rank : (i + 1) * rank]
        return self.head(numbers.unsqueeze(1), slice(i, i + 1)).squeeze(1)

    def _causal(self, places: slice) -> Float[Tensor, "time features width"]:
        """The weights of what these places add to the places after them."""
        weight = self.contributions.weight[places].unflatten(-1, (self.space.dims, self.head.rank))
        j = torch.arange(self.space.dims, device=weight.device)
        return (weight * (j[places, None, None, None] < j[:, None])).flatten(2)
