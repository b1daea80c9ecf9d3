"""A decoder-only transformer: causal attention over all dimensions before, from a key-value cache when unrolled."""

from dataclasses import dataclass

from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ar_lab.layers.attention import CausalSelfAttention, KeyValueCache
from ar_lab.layers.embedding import ClassEmbedding, PlaceEmbedding, PreviousEmbedding
from ar_lab.models.network import Condition, PendingNetwork, check_condition
from ar_lab.space import Space

POSITIONS = ("rotary", "learned")


@dataclass(frozen=True)
class TransformerState:
    pending: Shaped[Tensor, " batch"] | None  # the last known value; None once its conditional was asked for
    caches: list[KeyValueCache]  # one a layer, filled in place
    position: int = 0  # dimensions taken in
    label: Float[Tensor, "batch width"] | None = None  # features of the class


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): pre-norm (Radford et al., 2019, section 2.3)."""

    def __init__(self, width: int, dropout: float, attention: CausalSelfAttention):
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = attention
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "batch time width"], cache: KeyValueCache) -> Float[Tensor, "batch time width"]:
        x = x + self.dropout(self.attention(self.norm_attention(x), cache))
        return x + self.dropout(self.mlp(self.norm_mlp(x)))


class Transformer(PendingNetwork):
    """Pre-norm blocks of attention and an MLP (Vaswani et al., 2017; Radford et al., 2019).

    Images and vectors add learned places to the input (row, column, channel or index), and so does a sequence with
    `positions="learned"`; `rotary` turns queries and keys by the raster index.

    Raises:
        ValueError: when `heads` does not divide `width`, for a rotary head of odd size, for unknown positions, and by
            `extend` or `step` beyond the space's dimensions.
    """

    def __init__(
        self,
        space: Space,
        outputs: int,
        layers: int = 4,
        width: int = 128,
        heads: int = 4,
        positions: str = "rotary",
        dropout: float = 0.0,
    ):
        super().__init__(space, outputs)
        if positions not in POSITIONS:
            raise ValueError(f"positions={positions!r}: choose one of {', '.join(POSITIONS)}")
        rotary = positions == "rotary"
        self.embedding = PreviousEmbedding(space, width)
        self.label = ClassEmbedding(space, width)
        self.places = None if rotary and space.kind == "sequence" else PlaceEmbedding(space, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(width, dropout, CausalSelfAttention(width, heads, dropout, rotary, space.dims)) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)
        self._initialize(layers)

    def start(self, batch_size: int, condition: Condition | None = None) -> TransformerState:
        check_condition(self.space, condition)
        caches = [KeyValueCache(self.space.dims) for _ in self.blocks]
        return TransformerState(self.embedding.start(batch_size), caches, label=self.label(condition))

    def advance(
        self, previous: Shaped[Tensor, "batch time"], state: TransformerState
    ) -> tuple[Float[Tensor, "batch time outputs"], TransformerState]:
        """Pushes the values before the next dimensions through the blocks."""
        end = state.position + previous.shape[1]
        places = self.space.span(state.position, end)
        features = self.embedding(previous, state.position)
        if self.places is not None:
            features = features + self.places(places)
        if state.label is not None:
            features = features + state.label.unsqueeze(1)
        features = self.dropout(features)
        for block, cache in zip(self.blocks, state.caches, strict=True):
            features = block(features, cache)
        return self.head(self.norm(features)), TransformerState(None, state.caches, end, state.label)

    def _initialize(self, layers: int):
        """GPT-2's weights: N(0, 0.02^2), and less by sqrt(2 layers) where a residual branch ends (section 2.3)."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                ends_branch = name.endswith(("attention.out", "mlp.2"))
                nn.init.normal_(module.weight, std=0.02 / (2 * layers) ** 0.5 if ends_branch else 0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
