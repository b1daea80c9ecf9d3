"""A small sound network, written without a layer of ar_lab, for mutants to break in one place each."""

from typing import Any

import torch
from torch import Tensor, nn

from ar_lab.likelihoods.categorical import Categorical
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Network
from ar_lab.space import Space

WIDTH = 8
SEQUENCE = Space("sequence", (10,), 4)
LONG = Space("sequence", (300,), 3)
IMAGE = Space("image", (3, 4, 1), 3)
LABELED = Space("image", (2, 4, 1), 3, classes=3)
REAL = Space("vector", (4,), None)


class Toy(Network):
    """params_i = V tanh(sum_{j<i} A_ij e(x_j) + p_i + l) + c_i, with e an embedding and l that of the label."""

    def __init__(self, space: Space, outputs: int):
        super().__init__(space, outputs)
        dims = space.dims
        self.weights = nn.Parameter(torch.randn(dims, dims))
        self.embedding = nn.Parameter(torch.randn(space.levels or 1, WIDTH))
        self.places = nn.Parameter(torch.randn(dims, WIDTH))
        self.labels = nn.Parameter(torch.randn(space.classes or 1, WIDTH))
        self.head = nn.Linear(WIDTH, outputs)
        self.offset = nn.Parameter(0.3 * torch.randn(dims, outputs))

    def mask(self) -> Tensor:
        return torch.ones_like(self.weights).tril(-1)

    def embed(self, values: Tensor) -> Tensor:
        return self.embedding[values] if self.space.discrete else values.unsqueeze(-1) * self.embedding[0]

    def mix(self, embedded: Tensor) -> Tensor:
        """What every place hears of the others."""
        return torch.einsum("ij,bjw->biw", self.weights * self.mask(), embedded)

    def hidden(self, values: Tensor, label: Tensor) -> Tensor:
        return torch.tanh(self.mix(self.embed(values)) + self.places + label.unsqueeze(1))

    def everything(self, values: Tensor, label: Tensor) -> Tensor:
        """The parameters of all places; of those behind what is known they mean nothing."""
        return self.head(self.hidden(values, label)) + self.offset

    def start(self, batch_size: int, condition: Tensor | None = None) -> Any:
        dtype = torch.long if self.space.discrete else self.dtype
        values = torch.zeros(batch_size, self.space.dims, dtype=dtype)
        label = self.labels[torch.zeros(batch_size, dtype=torch.long) if condition is None else condition]
        return values, 0, label

    def extend(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        values, position, label = state
        end = position + x.shape[1]
        values = torch.cat([values[:, :position], x, values[:, end:]], dim=1)
        return self.everything(values, label)[:, position:end], (values, end, label)

    def step(self, previous: Tensor | None, state: Any) -> tuple[Tensor, Any]:
        values, position, label = state
        if previous is not None:
            values, position = values.clone(), position + 1
            values[:, position - 1] = previous
        return self.one(values, position, label), (values, position, label)

    def one(self, values: Tensor, position: int, label: Tensor) -> Tensor:
        """The parameters of a place from what is known before it."""
        return self.everything(values, label)[:, position]


def model(
    space: Space = SEQUENCE,
    network: type[Network] = Toy,
    likelihood: type | None = None,
    joint: type[AutoregressiveModel] = AutoregressiveModel,
) -> AutoregressiveModel:
    """A model in evaluation mode; its weights are the same every time."""
    torch.manual_seed(0)
    chosen = (likelihood or (Categorical if space.discrete else GaussianMixture))(space)
    return joint(network(space, chosen.outputs), chosen).eval()
