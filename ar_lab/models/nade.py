"""The neural autoregressive distribution estimator (Larochelle and Murray, 2011; Uria et al., 2016)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ar_lab.layers.contributions import Contributions, PlaceHead
from ar_lab.layers.embedding import ClassEmbedding
from ar_lab.models.network import Condition, check_condition, check_turn
from ar_lab.models.taking import SumState, TakingNetwork
from ar_lab.space import Space

CHUNK = 64  # places whose hidden units are in memory at once


class NADE(TakingNetwork):
    """h_i = sigmoid(c + sum_{j<i} W_j phi(x_j)), params_i = b_i + V_i h_i (Uria et al., 2016, equations 2 and 3).

    All places share W, so that the sum for the next one costs one more term: O(D H) in all. V_i is a product of a
    matrix of `rank` rows and one of `outputs`, where there are more outputs than that. A label adds a term to c.

    Raises:
        ValueError: for real numbers.
    """

    def __init__(self, space: Space, outputs: int, hidden: int = 500, rank: int = 16):
        super().__init__(space, outputs)
        self.contributions = Contributions(space, hidden)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.label = ClassEmbedding(space, hidden)
        self.head = PlaceHead(space, outputs, rank)
        self.weight = nn.Parameter(torch.randn(space.dims, hidden, self.head.rank) * hidden**-0.5)

    def start(self, batch_size: int, condition: Condition | None = None) -> SumState:
        check_condition(self.space, condition)
        label = self.label(condition)
        return SumState(self.bias.repeat(batch_size, 1) if label is None else self.bias + label)

    def extend(
        self, x: Int[Tensor, "batch time"], state: SumState
    ) -> tuple[Float[Tensor, "batch time outputs"], SumState]:
        check_turn(state.asked, given=False)
        end = self.space.span(state.position, state.position + x.shape[1]).stop
        params, sums, position = [], state.sums, state.position
        for piece in x.split(CHUNK, dim=1):
            places = slice(position, position + piece.shape[1])
            each = self.contributions.each(piece, position)
            running = torch.cat([sums.unsqueeze(1), each], dim=1).cumsum(1)
            params.append(self._params(running[:, :-1], places))
            sums, position = running[:, -1], places.stop
        return torch.cat(params, dim=1), SumState(sums.clone(), end)

    def take(self, value: Int[Tensor, " batch"], state: SumState) -> None:
        self.contributions.add(state.sums, value, self.contributions.weight[state.position])

    def conditional(self, state: SumState) -> Float[Tensor, "batch outputs"]:
        return self._params(state.sums.unsqueeze(1), slice(state.position, state.position + 1)).squeeze(1)

    def _params(self, sums: Float[Tensor, "batch time hidden"], places: slice) -> Float[Tensor, "batch time outputs"]:
        hidden = torch.sigmoid(sums).transpose(0, 1)
        return self.head(torch.bmm(hidden, self.weight[places]).transpose(0, 1), places)
