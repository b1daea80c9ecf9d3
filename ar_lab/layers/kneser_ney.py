"""Interpolated modified Kneser-Ney smoothing: the pmf of the next symbol, looked up in a trie of contexts."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64, Int, Int64
from torch import Tensor, nn

from ar_lab.layers.ngram_counts import Grams

FALLBACK = (0.5, 1.0, 1.5)  # discounts where too few counts tell (as KenLM's --discount_fallback)
LAST = torch.iinfo(torch.int64).max  # a key that no context has


class Contexts(NamedTuple):
    """The contexts of one length; of each the symbols seen after it, and what is left to all others."""

    keys: Int64[Tensor, " contexts"]  # number of the context one symbol shorter, times the base, plus its oldest symbol
    weights: Float64[Tensor, " contexts"]
    sizes: Int64[Tensor, " contexts"]  # symbols seen after it
    symbols: Int64[Tensor, " types"]
    values: Float64[Tensor, " types"]


def discounts(counts: Int64[Tensor, " types"]) -> tuple[float, float, float]:
    """D_1, D_2 and D_3+ of one length of n-grams (Chen and Goodman, 1999, equation 17).

    D_j = j - (j + 1) Y n_{j+1} / n_j with Y = n_1 / (n_1 + 2 n_2), where n_j n-grams have the count j.
    """
    n = [int((counts == j).sum()) for j in range(1, 5)]
    if 0 in n:
        return FALLBACK
    y = n[0] / (n[0] + 2 * n[1])
    found = tuple(j - (j + 1) * y * n[j] / n[j - 1] for j in (1, 2, 3))
    return found if min(found) > 0 else FALLBACK


def smoothed(grams: Grams, base: int) -> Contexts:
    """What each context gives its symbols, (c - D(c)) / total, and leaves to shorter ones (section 3, equation 16)."""
    of_type = grams.contexts(grams.reach)
    first = torch.cat([of_type.new_ones(1), of_type.diff()]).bool()
    sizes = of_type.bincount()
    counts = grams.counts.double()
    discount = counts.new_tensor((0.0, *discounts(grams.counts)))[grams.counts.clamp(max=3)]
    total, left = (counts.new_zeros(len(sizes)).index_add_(0, of_type, some) for some in (counts, discount))
    keys = torch.zeros_like(sizes)
    if grams.reach:
        oldest, parent = grams.columns[grams.reach - 1], grams.contexts(grams.reach - 1)
        keys = (parent * base + oldest)[first]
    return Contexts(keys, left / total, sizes, grams.columns[-1].long(), (counts - discount) / total[of_type])


class KneserNey(nn.Module):
    """p(w | h) = (c(h w) - D(c)) / c(h) + λ(h) p(w | h'), where h' is h without its oldest symbol, and below all the
    uniform distribution (Chen and Goodman, 1999, section 3). One law a root: a class, say.

    A node is a context, the roots first and longer ones after shorter. `keys` leads to a node from the context one
    symbol shorter. Unfitted, all is uniform.
    """

    TABLES = ("keys", "weights", "first", "symbols", "values")

    def __init__(self, levels: int, reach: int, roots: int = 1, persistent: bool = True):
        super().__init__()
        self.levels, self.reach, self.roots = levels, reach, roots
        self.base = levels + 1  # and one symbol that stands before the start
        self.register_buffer("keys", torch.full((1,), LAST), persistent)  # of the nodes after the roots, ascending
        self.register_buffer("weights", torch.ones(roots), persistent)  # λ of a node
        self.register_buffer("first", torch.zeros(roots + 1, dtype=torch.int64), persistent)  # where its symbols begin
        self.register_buffer("symbols", torch.zeros(0, dtype=torch.int32), persistent)
        self.register_buffer("values", torch.zeros(0), persistent)

    def fit(self, grams: Sequence[list[Grams]]) -> None:
        """Takes the counts of every root: n-grams by length, or none at all."""
        nothing = torch.zeros(1, dtype=torch.int64)
        empty = Contexts(nothing, torch.ones(1).double(), nothing, nothing[:0], torch.zeros(0).double())
        tries = [[smoothed(some, self.base) for some in of_root] or [empty] for of_root in grams]
        keys, below, nodes = [], [0] * len(tries), 0
        levels: list[Contexts] = []
        for depth in range(self.reach + 1):
            there = [(root, trie[depth]) for root, trie in enumerate(tries) if depth < len(trie)]
            for root, contexts in there:
                if depth:
                    keys.append(contexts.keys + below[root] * self.base)
                below[root] = nodes
                nodes += len(contexts.keys)
                levels.append(contexts)
        sizes = torch.cat([contexts.sizes for contexts in levels])
        self._put(
            keys=torch.cat([*keys, torch.full((1,), LAST)]),
            weights=torch.cat([contexts.weights for contexts in levels]),
            first=torch.cat([nothing, sizes.cumsum(0)]),
            symbols=torch.cat([contexts.symbols for contexts in levels]),
            values=torch.cat([contexts.values for contexts in levels]),
        )

    def forward(
        self, contexts: Int[Tensor, "batch reach"], root: Int64[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch levels"]:
        """The pmf of the symbol after each context, whose nearest symbol comes last.

        What is left to a symbol over many long contexts may underflow: nothing is less likely than the least number.
        """
        node = torch.zeros(len(contexts), dtype=torch.int64, device=contexts.device) if root is None else root
        pmf = self.weights.new_full((len(contexts), self.levels), 1 / self.levels)
        pmf = self._refined(pmf, node)
        for oldest in contexts.long().flip(1).unbind(1):
            node = self._longer(node, oldest)
            pmf = self._refined(pmf, node)
        return pmf.clamp_min(torch.finfo(pmf.dtype).tiny)

    def _longer(self, node: Int64[Tensor, " batch"], oldest: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """The nodes of contexts longer by one symbol, -1 where training never saw them."""
        key = node * self.base + oldest
        found = torch.searchsorted(self.keys, key)
        return torch.where((node >= 0) & (self.keys[found] == key), found + self.roots, -1)

    def _refined(
        self, pmf: Float[Tensor, "batch levels"], node: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch levels"]:
        """The pmf given one symbol more, where the context was seen."""
        seen = (node >= 0).nonzero().squeeze(1)
        node = node[seen]
        pmf[seen] *= self.weights[node].unsqueeze(1)
        begin = self.first[node]
        size = self.first[node + 1] - begin
        number = torch.arange(int(size.sum()), device=node.device)
        entry = number + (begin - (size.cumsum(0) - size)).repeat_interleave(size)
        place = seen.repeat_interleave(size) * self.levels + self.symbols[entry]
        pmf.view(-1).index_add_(0, place, self.values[entry])
        return pmf

    def _put(self, **tables: Tensor) -> None:
        """New tables of any length, in the present precision and on the present device."""
        for name, table in tables.items():
            setattr(self, name, table.to(getattr(self, name)))

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest) -> None:
        saved = {name: state_dict.get(prefix + name) for name in self.TABLES}
        self._put(**{name: table for name, table in saved.items() if table is not None})
        super()._load_from_state_dict(state_dict, prefix, *rest)
