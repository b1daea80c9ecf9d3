"""A block of a transformer, on the whole or piece by piece, and one place at a time."""

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

from ar_lab.layers.attention import CausalSelfAttention, Memory
from ar_lab.layers.mlp import MLP
from ar_lab.layers.positions import Turn

NORMS = {"layernorm": nn.LayerNorm, "rmsnorm": nn.RMSNorm}
Features = Float[Tensor, "batch width"]


def make_norm(kind: str, width: int) -> nn.Module:
    """LayerNorm (Ba et al., 2016) or RMSNorm (Zhang and Sennrich, 2019).

    Raises:
        ValueError: for an unknown kind.
    """
    if kind not in NORMS:
        raise ValueError(f"norm={kind!r}: choose one of {', '.join(NORMS)}")
    return NORMS[kind](width, eps=1e-5)


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): pre-norm (Radford et al., 2019, section 2.3)."""

    def __init__(self, attention: CausalSelfAttention, width: int, norm: str, mlp: str, dropout: float):
        super().__init__()
        self.norm_attention = make_norm(norm, width)
        self.attention = attention
        self.norm_mlp = make_norm(norm, width)
        self.mlp = MLP(width, mlp)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "batch time width"], turn: Turn | None, memory: Memory | None
    ) -> tuple[Float[Tensor, "batch time width"], Memory]:
        attended, memory = self.attention(self.norm_attention(x), turn, memory)
        x = x + self.dropout(attended)
        return x + self.dropout(self.mlp(self.norm_mlp(x))), memory


class BlockSteps:
    """The block one place at a time."""

    def __init__(self, block: Block, memory: Memory | None, position: int, batch: int, room: int):
        self.norm_attention, self.norm_mlp, self.activation = block.norm_attention, block.norm_mlp, block.mlp.activation
        self.attention = AttentionSteps(block.attention, memory, position, batch, room)
        self.out, self.out_bias = block.attention.out.weight.t(), block.attention.out.bias
        self.up, self.up_bias = block.mlp.up.weight.t(), block.mlp.up.bias
        self.down, self.down_bias = block.mlp.down.weight.t(), block.mlp.down.bias
        self.inner = self.up.new_empty(batch, self.up.shape[1])

    def advance(self, x: Features, turn: Complex[Tensor, " half"] | None, position: int) -> None:
        """Overwrites the features of a place with those after the block."""
        attended = self.attention.attend(self.norm_attention(x), turn, position)
        x.addmm_(attended, self.out).add_(self.out_bias)
        torch.addmm(self.up_bias, self.norm_mlp(x), self.up, out=self.inner)
        x.addmm_(self.activation(self.inner), self.down).add_(self.down_bias)


class AttentionSteps:
    """Attention from one place after another to those before, whose keys and values lie in tensors of `room` places.

    These are filled in turn, and the oldest place makes room for the next: attention does not mind their order.
    """

    def __init__(self, attention: CausalSelfAttention, memory: Memory | None, position: int, batch: int, room: int):
        self.norm_query, self.norm_key, self.room = attention.norm_query, attention.norm_key, room
        self.weight, self.bias = attention.project.weight.t(), attention.project.bias
        width, heads = len(self.weight), attention.heads
        self.scale = (width // heads) ** -0.5
        seen = self.weight.new_empty(2, batch, heads, room, width // heads)
        if memory is not None:
            places = torch.arange(position - memory[0].shape[2], position, device=seen.device)
            seen[:, :, :, places % room] = torch.stack(memory).to(seen)
        self.slots = seen.permute(3, 0, 1, 2, 4)
        self.keys, self.values = seen[0].flatten(0, 1).transpose(1, 2), seen[1].flatten(0, 1)
        self.projected = self.weight.new_empty(batch, 3 * width)
        self.scaled, self.attended = self.weight.new_empty(2, batch, width)
        self._view(batch, heads)

    def _view(self, batch: int, heads: int) -> None:
        """The parts of what was projected, and the rows of all heads: a view costs as much as a small product."""
        parts = self.projected.view(batch, 3, heads, -1)
        self.query, self.key, self.new = parts[:, 0], parts[:, 1], parts[:, 1:].transpose(0, 1)
        self.pairs = parts[:, :2].unflatten(-1, (-1, 2))
        self.scaled_query = self.scaled.view(batch, heads, -1)
        self.scaled_rows, self.attended_rows = (x.view(batch * heads, 1, -1) for x in (self.scaled, self.attended))

    def attend(self, x: Features, turn: Complex[Tensor, " half"] | None, position: int) -> Features:
        torch.addmm(self.bias, x, self.weight, out=self.projected)
        if self.norm_query is not None:
            self.query.copy_(self.norm_query(self.query))
            self.key.copy_(self.norm_key(self.key))
        if turn is not None:
            torch.view_as_complex(self.pairs).mul_(turn)
        self.slots[position % self.room].copy_(self.new)
        torch.mul(self.query, self.scale, out=self.scaled_query)
        seen = min(position + 1, self.room)
        scores = torch.bmm(self.scaled_rows, self.keys[:, :, :seen])
        weights = torch.softmax(scores, dim=-1, dtype=self.scaled.dtype)
        torch.bmm(weights, self.values[:, :seen], out=self.attended_rows)
        return self.attended
