"""The gated residual layer of PixelCNN++ and PixelSNAIL (Salimans et al., 2017; Chen et al., 2018)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.embedding import ClassEmbedding
from ar_lab.layers.places import Here, Place, ShiftedConvolution
from ar_lab.space import Space

Reach = Bool[Tensor, "height width sources"]


def concat_elu(x: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch double"]:
    """elu of x and of -x (Shang et al., 2016, for elu): no feature is ever shut off on both sides."""
    return F.elu(torch.cat([x, -x], dim=-1))


class GatedResidual(nn.Module):
    """x + a sigmoid(b), with a and b from two convolutions, the first joined by features from the side.

    The label is added to a and b (van den Oord et al., 2016b, equation 4).
    """

    def __init__(self, space: Space, features: int, side: int, rows: range, columns: range, dropout: float):
        super().__init__()
        self.first = ShiftedConvolution(2 * features, features, rows, columns)
        self.side = nn.Linear(2 * side, features, bias=False) if side else None
        self.dropout = nn.Dropout(dropout)
        self.second = ShiftedConvolution(2 * features, 2 * features, rows, columns)
        self.label = ClassEmbedding(space, 2 * features)

    def forward(self, x: Here, side: Float[Tensor, "batch *place side"] | None, at: Place) -> Here:
        inner = at.convolve(self.first, concat_elu(x))
        if side is not None:
            inner = inner + self.side(concat_elu(side))
        gated = at.convolve(self.second, self.dropout(concat_elu(inner)))
        if at.label is not None:
            gated = gated + at.spread(self.label(at.label))
        return x + F.glu(gated)

    def reach(self, seen: Reach, side: Reach) -> Reach:
        return seen | self.second.reach(self.first.reach(seen) | side)
