"""Recurrent layers one dimension at a time: few calls, on tensors that are made once, and without gradient.

torch's own layers prepare their weights anew at every call, which for one dimension costs more than its arithmetic.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ar_lab.layers.mingru import MinGRU

Hidden = Float[Tensor, "batch width"]
Memory = tuple[Tensor, ...]  # one tensor `(layers, batch width)` a part of a layer's state


class LayerSteps(ABC):
    """One layer in steps: what enters from its input is put into `gates`; `advance` overwrites the state with the next.

    `weight` and `bias` are those of the input, the bias of the state included.
    """

    def __init__(self, weight: Float[Tensor, "gates width"], bias: Float[Tensor, " gates"], state: Hidden):
        self.weight, self.bias, self.state = weight, bias, state
        self.gates = state.new_empty(len(state), len(weight))

    def enter(self, x: Hidden) -> None:
        torch.addmm(self.bias, x, self.weight.t(), out=self.gates)

    @abstractmethod
    def advance(self) -> Hidden:
        """The next state, in a tensor that the next step overwrites."""


class ElmanSteps(LayerSteps):
    def __init__(self, cells: nn.RNN, layer: int, memory: Memory):
        weight, recurrent, bias, recurrent_bias = _weights(cells, layer)
        super().__init__(weight, bias + recurrent_bias, memory[0][layer].clone())
        self.recurrent = recurrent.t()

    def advance(self) -> Hidden:
        return torch.tanh(self.gates.addmm_(self.state, self.recurrent), out=self.state)


class LSTMSteps(LayerSteps):
    """Its gates lie as (input, forget, output, candidate), so that one call opens three of them."""

    def __init__(self, cells: nn.LSTM, layer: int, memory: Memory):
        weight, recurrent, bias, recurrent_bias = (_output_gate_third(part) for part in _weights(cells, layer))
        super().__init__(weight, bias + recurrent_bias, memory[0][layer].clone())
        self.recurrent, self.cell = recurrent.t(), memory[1][layer].clone()
        self.opened = self.gates[:, : 3 * cells.hidden_size]
        self.input, self.forget, self.output, self.candidate = self.gates.chunk(4, dim=1)

    def advance(self) -> Hidden:
        self.gates.addmm_(self.state, self.recurrent)
        self.opened.sigmoid_()
        self.cell.mul_(self.forget).addcmul_(self.input, self.candidate.tanh_())
        return torch.tanh(self.cell, out=self.state).mul_(self.output)


class GRUSteps(LayerSteps):
    """The candidate's own part is gated before it meets the input, and stays apart until then."""

    def __init__(self, cells: nn.GRU, layer: int, memory: Memory):
        weight, recurrent, bias, recurrent_bias = _weights(cells, layer)
        split = 2 * cells.hidden_size
        super().__init__(weight, bias.clone(), memory[0][layer].clone())
        self.bias[:split] += recurrent_bias[:split]
        self.opening, self.proposing = recurrent[:split].t(), recurrent[split:].t()
        self.proposing_bias, self.proposed = recurrent_bias[split:], torch.empty_like(self.state)
        self.opened, self.candidate = self.gates[:, :split], self.gates[:, split:]
        self.reset, self.keep = self.opened.chunk(2, dim=1)

    def advance(self) -> Hidden:
        self.opened.addmm_(self.state, self.opening).sigmoid_()
        torch.addmm(self.proposing_bias, self.state, self.proposing, out=self.proposed)
        self.candidate.addcmul_(self.reset, self.proposed).tanh_()
        return torch.lerp(self.candidate, self.state, self.keep, out=self.state)


class MinGRUSteps(LayerSteps):
    def __init__(self, cells: MinGRU, layer: int, memory: Memory):
        gates = cells.gates[layer]
        super().__init__(gates.weight, gates.bias, memory[0][layer].clone())
        self.update, self.candidate = self.gates.chunk(2, dim=1)

    def advance(self) -> Hidden:
        return self.state.lerp_(self.candidate, self.update.sigmoid_())


def _weights(cells: nn.RNNBase, layer: int) -> list[Tensor]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [getattr(cells, f"{name}_l{layer}") for name in names]


def _output_gate_third(part: Float[Tensor, "gates *width"]) -> Float[Tensor, "gates *width"]:
    entering, forget, candidate, output = part.chunk(4)
    return torch.cat([entering, forget, output, candidate])
