"""What enters a network before dimension i, all together; whole or one dimension at a time."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.embedding import ClassEmbedding, PlaceEmbedding, PreviousEmbedding
from ar_lab.layers.hashed import HashedNgrams
from ar_lab.space import Space


@dataclass(frozen=True)
class InputState:
    """What is kept of the dimensions before; networks add what they make of them."""

    pending: Shaped[Tensor, " batch"] | None  # the last known value; None once its conditional was asked for
    position: int = 0  # dimensions taken in
    label: Float[Tensor, "batch width"] | None = None  # features of the class
    recent: Int[Tensor, "batch before"] | None = None  # the values before `pending`, for n-grams


State = TypeVar("State", bound=InputState)


class InputEmbedding(nn.Module):
    """h_i = E[x_{i-1}] + place_i + label + sum_{n=2}^ngrams E_n[hash(x_{i-1} … x_{i-n})], each where there is one."""

    def __init__(self, space: Space, width: int, places: bool, ngrams: int, buckets: int):
        super().__init__()
        self.values = PreviousEmbedding(space, width)
        self.places = PlaceEmbedding(space, width) if places else None
        self.labels = ClassEmbedding(space, width)
        self.ngrams = HashedNgrams(space, width, ngrams, buckets) if ngrams > 1 else None

    def start(self, batch_size: int, condition: Int[Tensor, " batch"] | None) -> dict[str, Any]:
        """The fields of a state before the first dimension."""
        pending = self.values.start(batch_size)
        recent = None if self.ngrams is None else pending.unsqueeze(1).expand(-1, self.ngrams.order - 1)
        return {"pending": pending, "label": self.labels(condition), "recent": recent}

    def forward(
        self, previous: Shaped[Tensor, "batch time"], state: State
    ) -> tuple[Float[Tensor, "batch time width"], State]:
        """Features of the next dimensions, given the value before each; and the state after them, nothing pending."""
        end, recent = state.position + previous.shape[1], None
        features = self.values(previous, state.position)
        if self.places is not None:
            features = features + self.places(slice(state.position, end))
        if state.label is not None:
            features = features + state.label.unsqueeze(1)
        if self.ngrams is not None:
            stream = torch.cat([state.recent, previous], dim=1)
            features, recent = features + self.ngrams(stream), stream[:, 1 - self.ngrams.order :]
        return features, replace(state, pending=None, position=end, recent=recent)


class InputSteps:
    """The features of one dimension after another, without gradient, as a linear map sees them that takes them in.

    The map is applied to the tables once, and not to their rows at every step.
    """

    def __init__(
        self,
        embedding: InputEmbedding,
        state: InputState,
        weight: Float[Tensor, "gates width"] | None = None,
        bias: Float[Tensor, " gates"] | None = None,
    ):
        self.weight, table = weight, embedding.values.table.weight
        self.discrete = embedding.values.discrete
        self.bias = table.new_zeros(1) if bias is None else bias
        self.values = self._mapped(table) + (self.bias if self.discrete else 0)
        self.label = None if state.label is None else self._mapped(state.label)
        self.places = None
        if embedding.places is not None:
            self.places = self._mapped(embedding.places(slice(None)))
        self.ngrams = embedding.ngrams
        self.before = None if state.recent is None else state.recent.flip(-1)

    def _mapped(self, rows: Float[Tensor, "rows width"]) -> Float[Tensor, "rows gates"]:
        return rows if self.weight is None else F.linear(rows, self.weight)

    def __call__(self, previous: Shaped[Tensor, " batch"], position: int, out: Float[Tensor, "batch gates"]) -> None:
        if self.discrete:
            torch.index_select(self.values, 0, previous, out=out)
        else:
            torch.addr(self.bias, previous, self.values[position], out=out)
        if self.places is not None:
            out += self.places[position]
        if self.label is not None:
            out += self.label
        if self.ngrams is not None:
            latest = torch.cat([previous.unsqueeze(1), self.before], dim=1)
            self.before = latest[:, :-1]
            out += self._mapped(self.ngrams.of(latest))
