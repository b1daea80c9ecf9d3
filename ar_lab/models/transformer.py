"""A decoder-only transformer: causal attention over all dimensions before, or over a window of them."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Complex, Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.attention import CausalSelfAttention, Memory
from ar_lab.layers.block import Block, BlockSteps, make_norm
from ar_lab.layers.inputs import InputEmbedding, InputState, InputSteps
from ar_lab.layers.positions import Rotary
from ar_lab.models.network import Condition, check_condition
from ar_lab.models.unrolling import Steps, UnrollingNetwork
from ar_lab.space import Space

POSITIONS = ("rotary", "learned")


@dataclass(frozen=True)
class TransformerState(InputState):
    memory: tuple[Memory, ...] | None = None  # keys and values of every layer; None when nothing was seen

    def detach(self) -> "TransformerState":
        """The same state, through which no gradient flows back."""
        if self.memory is None:
            return self
        return replace(self, memory=tuple((keys.detach(), values.detach()) for keys, values in self.memory))


class Transformer(UnrollingNetwork):
    """Pre-norm blocks of attention and an MLP (Vaswani et al., 2017; Radford et al., 2019).

    Images and vectors add learned places to the input (row, column, channel or index), and so does a sequence with
    `positions="learned"`; `rotary` turns queries and keys by the raster index. With a `window`, a layer attends to the
    last places only (Child et al., 2019; Beltagy et al., 2020); rotary sequences are then unrolled without end, from a
    state of constant size. `tied` takes the embeddings of the levels for the last matrix (Press and Wolf, 2017), and
    `ngrams` above 1 adds hashed embeddings of the last 2 … ngrams values to the input.

    Raises:
        ValueError: when `heads` does not divide `width`, for a rotary head of odd size, for unknown choices, for
            n-grams of real numbers, for tied embeddings without one logit a level, and by `extend` or `step` beyond
            the space's dimensions.
    """

    def __init__(
        self,
        space: Space,
        outputs: int,
        layers: int = 4,
        width: int = 128,
        heads: int = 4,
        positions: str = "rotary",
        window: int | None = None,
        norm: str = "layernorm",
        qk_norm: bool = True,
        mlp: str = "relu2",
        tied: bool = False,
        dropout: float = 0.0,
        ngrams: int = 1,
        buckets: int = 16384,
    ):
        super().__init__(space, outputs)
        if positions not in POSITIONS:
            raise ValueError(f"positions={positions!r}: choose one of {', '.join(POSITIONS)}")
        if tied and outputs != space.levels:
            raise ValueError(
                f"tied=true: needs a categorical likelihood, one output a level; here {outputs} outputs for "
                f"{space.levels or 'no'} levels of each {space.kind}; use tied=false"
            )
        places = positions == "learned" or space.kind != "sequence"
        self.window, self.carries = window, window is not None and not places
        self.embedding = InputEmbedding(space, width, places, ngrams, buckets)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(CausalSelfAttention(width, heads, dropout, qk_norm, window), width, norm, mlp, dropout)
            for _ in range(layers)
        )
        self.rotary = Rotary(width // heads) if positions == "rotary" else None
        self.norm = make_norm(norm, width)
        self.head = None if tied else nn.Linear(width, outputs)
        self.tied_bias = nn.Parameter(torch.zeros(outputs)) if tied else None
        self._initialize(layers)

    def start(self, batch_size: int, condition: Condition | None = None) -> TransformerState:
        check_condition(self.space, condition)
        return TransformerState(**self.embedding.start(batch_size, condition))

    def advance(
        self, previous: Shaped[Tensor, "batch time"], state: TransformerState
    ) -> tuple[Float[Tensor, "batch time outputs"], TransformerState]:
        """Pushes the values before the next dimensions through the blocks."""
        self.check_room(state.position, previous.shape[1])
        features, after = self.embedding(previous, state)
        turn = None if self.rotary is None else self.rotary(state.position, after.position, features)
        features, memory = self.dropout(features), []
        for block, seen in zip(self.blocks, state.memory or [None] * len(self.blocks), strict=True):
            features, seen = block(features, turn, seen)
            memory.append(seen)
        weight, bias = self.last_map()
        return F.linear(self.norm(features), weight, bias), replace(after, memory=tuple(memory))

    def last_map(self) -> tuple[Float[Tensor, "outputs width"], Float[Tensor, " outputs"]]:
        """Weight and bias of what turns features into parameters."""
        if self.head is None:
            return self.embedding.values.table.weight[: self.outputs], self.tied_bias
        return self.head.weight, self.head.bias

    def unroll(self, state: TransformerState) -> "TransformerSteps":
        return TransformerSteps(self, state)

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """Of a window, the layers add up: each reaches back by window - 1 more, and an n-gram by its length."""
        everything = super().receptive_field()
        if self.window is None:
            return everything
        order = 1 if self.embedding.ngrams is None else self.embedding.ngrams.order
        return everything.triu(-(len(self.blocks) * (self.window - 1) + order))

    def _initialize(self, layers: int):
        """GPT-2's weights: N(0, 0.02^2), and less by sqrt(2 layers) where a residual branch ends (section 2.3)."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                ends_branch = name.endswith(("attention.out", "mlp.down"))
                nn.init.normal_(module.weight, std=0.02 / (2 * layers) ** 0.5 if ends_branch else 0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)


class TransformerSteps(Steps):
    """The network one dimension at a time, with keys and values in tensors that are made once."""

    def __init__(self, network: Transformer, state: TransformerState):
        batch, dims = len(state.pending), network.space.dims
        room = network.window or dims
        self.network, self.position = network, state.position
        self.inputs = InputSteps(network.embedding, state)
        memories = state.memory or [None] * len(network.blocks)
        self.blocks = [
            BlockSteps(block, memory, state.position, batch, room)
            for block, memory in zip(network.blocks, memories, strict=True)
        ]
        weight, self.bias = network.last_map()
        self.weight, self.features = weight.t(), weight.new_empty(batch, weight.shape[1])
        self.turns: list[Complex[Tensor, " half"]] = []

    def _turn(self) -> Complex[Tensor, " half"] | None:
        """What turns the next place, as complex numbers of modulus 1; computed for many places at a time."""
        rotary = self.network.rotary
        if rotary is not None and not self.turns:
            stop = self.position + min(self.network.space.dims, 256)
            self.turns = list(torch.complex(*rotary(self.position, stop, self.features)).flip(0))
        return self.turns.pop() if self.turns else None

    def __call__(self, previous: Shaped[Tensor, " batch"]) -> Float[Tensor, "batch outputs"]:
        self.network.check_room(self.position, 1)
        features, turn = self.features, self._turn()
        self.inputs(previous, self.position, features)
        for block in self.blocks:
            block.advance(features, turn, self.position)
        self.position += 1
        return torch.addmm(self.bias, self.network.norm(features), self.weight)
