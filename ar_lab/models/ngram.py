"""An n-gram: the counts of what followed the last few symbols, smoothed; nothing in it is learned by gradients."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, Integer, Shaped
from torch import Tensor
from torch.nn import functional as F

from ar_lab.layers.kneser_ney import KneserNey
from ar_lab.layers.ngram_counts import count_grams
from ar_lab.models.network import Condition, PendingNetwork, check_condition
from ar_lab.space import Space


@dataclass(frozen=True)
class NGramState:
    pending: Int[Tensor, " batch"] | None  # the last known value; None once its conditional was asked for
    history: Int[Tensor, "batch before"]  # the order - 1 values before it
    position: int = 0  # dimensions taken in
    label: Int[Tensor, " batch"] | None = None

    def detach(self) -> "NGramState":
        return self


class NGram(PendingNetwork):
    """Interpolated modified Kneser-Ney over the last `order` symbols (Chen and Goodman, 1999, section 3).

    Rows, images and vectors in raster order begin after symbols of their own. A text's windows may begin anywhere: what
    stands before them is unknown, and less is conditioned on. Every class of the data has counts of its own.

    Raises:
        ValueError: for real numbers, and a likelihood other than a categorical or Bernoulli one.
    """

    def __init__(self, space: Space, outputs: int, order: int = 5, symbols: int = 5_000_000):
        super().__init__(space, outputs)
        if not space.discrete:
            raise ValueError(f"an n-gram counts levels, and this {space.kind} holds real numbers")
        if outputs != space.levels and (outputs, space.levels) != (1, 2):
            raise ValueError(
                f"an n-gram gives the probabilities of {space.levels} levels, and the likelihood wants {outputs} "
                "numbers: use likelihood=auto"
            )
        self.carries = space.kind == "sequence"
        self.reach, self.symbols = order, symbols
        self.law = KneserNey(space.levels, order, space.classes or 1)

    def estimate(self, x: Integer[Tensor, "..."], condition: Int[Tensor, " examples"] | None = None) -> list[str]:
        """Counts the training part; of more than `symbols` symbols the first, in whole examples."""
        check_condition(self.space, condition)
        rows = x.reshape(1, -1)[:, : self.symbols] if self.carries else x[: max(1, self.symbols // self.space.dims)]
        roots = [rows] if condition is None else [rows[condition[: len(rows)] == c] for c in range(self.space.classes)]
        self.fit([[some] for some in roots])
        if rows.numel() == x.numel():
            return []
        counted, of = (rows.numel(), x.numel()) if self.carries else (len(rows), len(x))
        return [f"the n-gram counted the first {counted:,} of {of:,}"]

    def start(self, batch_size: int, condition: Condition | None = None) -> NGramState:
        check_condition(self.space, condition)
        before = torch.full((batch_size, self.reach), self.space.levels, device=self.device)
        return NGramState(before[:, -1], before[:, 1:], label=condition)

    def advance(
        self, previous: Shaped[Tensor, "batch time"], state: NGramState
    ) -> tuple[Float[Tensor, "batch time outputs"], NGramState]:
        """Looks up the contexts that end with the values before the next dimensions."""
        (batch, time), end = previous.shape, state.position + previous.shape[1]
        if not self.carries:
            self.space.span(state.position, end)
        known = torch.cat([state.history, previous], dim=1)
        contexts = known.unfold(1, self.reach, 1).flatten(0, 1)
        label = None if state.label is None else state.label.repeat_interleave(time)
        logits = self.law(contexts, label).log().view(batch, time, -1)
        params = logits if self.outputs > 1 else logits[..., 1:] - logits[..., :1]
        return params, NGramState(None, known[:, time:], end, state.label)

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """The last `order` places."""
        return super().receptive_field().triu(-self.reach)

    def fit(self, roots: Sequence[Sequence[Integer[Tensor, "..."]]]) -> None:
        """Counts for every root of the law some pieces of text, or some examples."""
        base, start = self.space.levels + 1, -1 if self.carries else self.space.levels
        self.law.fit([count_grams([*map(self._rows, pieces)], self.reach, base, start) for pieces in roots])

    def _rows(self, x: Integer[Tensor, "..."]) -> Int[Tensor, "rows length"]:
        narrow = torch.int16 if self.space.levels < 2**15 else torch.int32  # of which there are order + 1 copies
        if self.carries:
            return x.reshape(1, -1).to("cpu", narrow)
        return F.pad(x.to("cpu", narrow), (self.reach, 0), value=self.space.levels)
