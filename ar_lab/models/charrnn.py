"""A recurrent network: its state, of constant size, is the summary of the context."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ar_lab.layers.inputs import InputEmbedding, InputState, InputSteps
from ar_lab.layers.mingru import MinGRU
from ar_lab.layers.recurrent_steps import ElmanSteps, GRUSteps, LSTMSteps, MinGRUSteps
from ar_lab.models.network import Condition, check_condition
from ar_lab.models.unrolling import Steps, UnrollingNetwork
from ar_lab.space import Space

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN, "mingru": MinGRU}
STEPS = {"lstm": LSTMSteps, "gru": GRUSteps, "rnn": ElmanSteps, "mingru": MinGRUSteps}


@dataclass(frozen=True)
class CharRNNState(InputState):
    memory: Tensor | tuple[Tensor, Tensor] | None = None  # of the cells; None stands for zeros

    def detach(self) -> "CharRNNState":
        """The same state, through which no gradient flows back (truncated backpropagation through time)."""
        if isinstance(self.memory, tuple):
            return replace(self, memory=tuple(part.detach() for part in self.memory))
        return replace(self, memory=None if self.memory is None else self.memory.detach())


class CharRNN(UnrollingNetwork):
    """h_i = cell(h_{i-1}, x_{i-1}); params_i = W h_i + b.

    The cell is Elman's (1990, `rnn`), an LSTM (Hochreiter and Schmidhuber, 1997), a GRU (Cho et al., 2014) or a minGRU
    (Feng et al., 2024). Images and vectors add learned places to the input, so that the network knows which dimension
    is asked for; `ngrams` above 1 adds hashed embeddings of the last 2 … ngrams values.

    Raises:
        ValueError: for an unknown cell, or n-grams of real numbers.
    """

    def __init__(
        self,
        space: Space,
        outputs: int,
        cell: str = "lstm",
        hidden: int = 256,
        layers: int = 1,
        dropout: float = 0.0,
        ngrams: int = 1,
        buckets: int = 16384,
    ):
        super().__init__(space, outputs)
        if cell not in CELLS:
            raise ValueError(f"cell={cell!r}: choose one of {', '.join(CELLS)}")
        self.carries = space.kind == "sequence"
        self.cell, self.layers = cell, layers
        self.embedding = InputEmbedding(space, hidden, not self.carries, ngrams, buckets)
        self.cells = self._make_cells(hidden, dropout if layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, outputs)

    def _make_cells(self, hidden: int, dropout: float) -> nn.Module:
        if self.cell == "mingru":
            return MinGRU(hidden, self.layers, dropout)
        cells = CELLS[self.cell](hidden, hidden, self.layers, batch_first=True, dropout=dropout)
        if self.cell == "lstm":
            _open_forget_gates(cells)
        return cells

    def start(self, batch_size: int, condition: Condition | None = None) -> CharRNNState:
        check_condition(self.space, condition)
        return CharRNNState(**self.embedding.start(batch_size, condition))

    def advance(
        self, previous: Shaped[Tensor, "batch time"], state: CharRNNState
    ) -> tuple[Float[Tensor, "batch time outputs"], CharRNNState]:
        """Pushes the values before the next dimensions through the cells."""
        self.check_room(state.position, previous.shape[1])
        features, after = self.embedding(previous, state)
        hidden, memory = self.cells(self.dropout(features), state.memory)
        return self.head(self.dropout(hidden)), replace(after, memory=memory)

    def unroll(self, state: CharRNNState) -> "CharRNNSteps":
        return CharRNNSteps(self, state)


class CharRNNSteps(Steps):
    """The network one dimension at a time."""

    def __init__(self, network: CharRNN, state: CharRNNState):
        memory = state.memory
        if memory is None:
            zeros = network.head.weight.new_zeros(network.layers, len(state.pending), network.head.in_features)
            memory = (zeros, zeros)
        memory = memory if isinstance(memory, tuple) else (memory,)
        self.network, self.position = network, state.position
        self.layers = [STEPS[network.cell](network.cells, layer, memory) for layer in range(network.layers)]
        self.inputs = InputSteps(network.embedding, state, self.layers[0].weight, self.layers[0].bias)
        self.weight, self.bias = network.head.weight.t(), network.head.bias

    def __call__(self, previous: Shaped[Tensor, " batch"]) -> Float[Tensor, "batch outputs"]:
        self.network.check_room(self.position, 1)
        first, *others = self.layers
        self.inputs(previous, self.position, first.gates)
        hidden = first.advance()
        for layer in others:
            layer.enter(hidden)
            hidden = layer.advance()
        self.position += 1
        return torch.addmm(self.bias, hidden, self.weight)


@torch.no_grad()
def _open_forget_gates(lstm: nn.LSTM) -> None:
    """A forget bias of 1 lets the memory last from the start (Jozefowicz et al., 2015, section 2)."""
    for name, bias in lstm.named_parameters():
        if name.startswith("bias"):
            forget_gate = bias.chunk(4)[1]
            forget_gate.fill_(1.0 if name.startswith("bias_ih") else 0.0)
