"""The MLP of a transformer block: what is computed of each place alone."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


def _squared_relu(x: Float[Tensor, "*batch inner"]) -> Float[Tensor, "*batch inner"]:
    return F.relu(x).square()


def _gated(x: Float[Tensor, "*batch twice"]) -> Float[Tensor, "*batch inner"]:
    gate, value = x.chunk(2, dim=-1)
    return F.silu(gate) * value


ACTIVATIONS = {"gelu": F.gelu, "relu2": _squared_relu, "swiglu": _gated}


class MLP(nn.Module):
    """W' f(W x + b) + b', where f is GELU, the squared ReLU (So et al., 2021, Primer) or SwiGLU (Shazeer, 2020).

    The inner width is 4 times the outer; of `swiglu`, whose gate has a matrix of its own, two thirds of that.

    Raises:
        ValueError: for an unknown kind.
    """

    def __init__(self, width: int, kind: str):
        super().__init__()
        if kind not in ACTIVATIONS:
            raise ValueError(f"mlp={kind!r}: choose one of {', '.join(ACTIVATIONS)}")
        self.activation = ACTIVATIONS[kind]
        inner = 8 * max(1, width // 3) if kind == "swiglu" else 4 * width
        self.up = nn.Linear(width, 2 * inner if kind == "swiglu" else inner)
        self.down = nn.Linear(inner, width)

    def forward(self, x: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
        return self.down(self.activation(self.up(x)))
