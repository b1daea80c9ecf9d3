"""A recurrent network: its state, of constant size, is the summary of the context."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ar_lab.layers.embedding import ClassEmbedding, PlaceEmbedding, PreviousEmbedding
from ar_lab.models.network import Condition, PendingNetwork, check_condition
from ar_lab.space import Space

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


@dataclass(frozen=True)
class CharRNNState:
    pending: Shaped[Tensor, " batch"] | None  # the last known value; None once its conditional was asked for
    memory: Any = None  # of the cells; None stands for zeros
    position: int = 0  # dimensions taken in
    label: Float[Tensor, "batch width"] | None = None  # features of the class

    def detach(self) -> "CharRNNState":
        """The same state, through which no gradient flows back (truncated backpropagation through time)."""
        if isinstance(self.memory, tuple):
            return replace(self, memory=tuple(part.detach() for part in self.memory))
        return replace(self, memory=None if self.memory is None else self.memory.detach())


class CharRNN(PendingNetwork):
    """h_i = cell(h_{i-1}, x_{i-1}); params_i = W h_i + b.

    The cell is Elman's (1990, `rnn`), an LSTM (Hochreiter and Schmidhuber, 1997) or a GRU (Cho et al., 2014). Images
    and vectors add learned places to the input, so that the network knows which dimension is asked for.

    Raises:
        ValueError: for an unknown cell.
    """

    def __init__(
        self,
        space: Space,
        outputs: int,
        cell: str = "lstm",
        hidden: int = 256,
        layers: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__(space, outputs)
        if cell not in CELLS:
            raise ValueError(f"cell={cell!r}: choose one of {', '.join(CELLS)}")
        self.carries = space.kind == "sequence"
        self.embedding = PreviousEmbedding(space, hidden)
        self.label = ClassEmbedding(space, hidden)
        self.places = None if self.carries else PlaceEmbedding(space, hidden)
        between = dropout if layers > 1 else 0.0  # torch warns about dropout between the layers of one
        self.cells = CELLS[cell](hidden, hidden, layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, outputs)
        if cell == "lstm":
            self._open_forget_gates()

    def start(self, batch_size: int, condition: Condition | None = None) -> CharRNNState:
        check_condition(self.space, condition)
        return CharRNNState(self.embedding.start(batch_size), label=self.label(condition))

    def advance(
        self, previous: Shaped[Tensor, "batch time"], state: CharRNNState
    ) -> tuple[Float[Tensor, "batch time outputs"], CharRNNState]:
        """Pushes the values before the next dimensions through the cells."""
        end = state.position + previous.shape[1]
        places = 0 if self.places is None else self.places(self.space.span(state.position, end))
        features = places + self.embedding(previous, state.position)
        if state.label is not None:
            features = features + state.label.unsqueeze(1)
        hidden, memory = self.cells(self.dropout(features), state.memory)
        return self.head(self.dropout(hidden)), CharRNNState(None, memory, end, state.label)

    @torch.no_grad()
    def _open_forget_gates(self):
        """A forget bias of 1 lets the memory last from the start (Jozefowicz et al., 2015, section 2)."""
        for name, bias in self.cells.named_parameters():
            if name.startswith("bias"):
                forget_gate = bias.chunk(4)[1]
                forget_gate.fill_(1.0 if name.startswith("bias_ih") else 0.0)
