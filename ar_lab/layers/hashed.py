"""Hashed n-grams: a vector for each of the last few values together, from tables of a fixed size."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ar_lab.space import Space

GOLDEN = -7046029254386353131  # 2^64 / the golden ratio as int64: its multiples are spread evenly (Knuth, TAOCP 6.4)


class HashedNgrams(nn.Module):
    """sum_{n=2}^order E_n[hash(x_t, …, x_{t-n+1}) mod buckets] (Svenstrup et al., 2017, Hash Embeddings).

    Its gradient is sparse: a batch touches few of the rows, and `optimizers` updates only these.

    Raises:
        ValueError: for real numbers, of which there are no n-grams.
    """

    def __init__(self, space: Space, width: int, order: int, buckets: int):
        super().__init__()
        if not space.discrete:
            raise ValueError(f"ngrams={order}: needs discrete data, this {space.kind} holds real numbers; use ngrams=1")
        self.order = order
        self.buckets = buckets
        self.table = nn.EmbeddingBag((order - 1) * buckets, width, mode="sum", sparse=True)
        nn.init.zeros_(self.table.weight)  # a row is rarely met: what it begins with would be noise for long
        powers = [(space.levels + 1) ** n % 2**64 for n in range(order)]
        self.register_buffer("powers", _signed(powers), persistent=False)
        self.register_buffer("offsets", buckets * torch.arange(order - 1), persistent=False)

    def forward(self, stream: Int[Tensor, "batch longer"]) -> Float[Tensor, "batch time width"]:
        """Features of all places of a stream but the first `order - 1`, which are only the past of the others."""
        latest = stream.unfold(1, self.order, 1).flip(-1)
        return self.of(latest.flatten(0, 1)).unflatten(0, latest.shape[:2])

    def of(self, latest: Int[Tensor, "rows order"]) -> Float[Tensor, "rows width"]:
        """Features of the n-grams of 2 … order values that end with `latest[:, 0]`, the last value first."""
        return self.table(self.rows(latest))

    def rows(self, latest: Int[Tensor, "rows order"]) -> Int[Tensor, "rows order-1"]:
        """Where these n-grams lie in the table."""
        keys = (latest * self.powers).cumsum(-1)[:, 1:]  # the numbers that the n-grams are in base levels + 1
        return ((keys * GOLDEN) >> 32) % self.buckets + self.offsets


def _signed(numbers: list[int]) -> Int[Tensor, " numbers"]:
    """Unsigned 64-bit numbers as int64, whose products wrap around alike."""
    return torch.tensor([number - 2**64 if number >= 2**63 else number for number in numbers])
