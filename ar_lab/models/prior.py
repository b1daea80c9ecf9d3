"""An n-gram under a neural network, which then has only to learn what the counts do not know."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Integer, Shaped
from torch import Tensor, nn

from ar_lab.layers.kneser_ney import KneserNey
from ar_lab.models.network import Condition, Network
from ar_lab.models.ngram import NGram, NGramState

SYMBOLS = 2_000_000  # counted of a longer training part: the cross-fitted tables are as many times as large


@dataclass(frozen=True)
class PriorState:
    network: Any
    prior: NGramState  # its label is the block of the training part that a window is from

    def detach(self) -> "PriorState":
        """The same state, through which no gradient flows back."""
        return replace(self, network=self.network.detach())


class PriorNetwork(Network):
    """params_i = f(x_1 … x_{i-1}) + weight * log p_ngram(x_i | …), with a learned weight that begins as 1.

    An n-gram that had counted the very text it is trained beside would look far too good. So it is cross-fitted
    (Chernozhukov et al., 2018): the training part is cut into `blocks`, and a window whose condition is its block gets
    the n-gram of all but this block and the window's length after it. Without a condition it is that of the whole part,
    for all that is not training. A last matrix named `head` begins as zero, so that training starts from the n-gram.

    Raises:
        ValueError: unless the space is one of sequences, and by the n-gram.
    """

    def __init__(self, network: Network, order: int = 5, blocks: int = 10):
        super().__init__(network.space, network.outputs)
        if network.space.kind != "sequence":
            raise ValueError(f"prior=ngram: needs text, this data is of kind {network.space.kind}; use prior=null")
        self.text_blocks, self.carries = blocks, network.carries
        self.network = network
        self.prior, self.crossfitted = (NGram(self.space, self.outputs, order, SYMBOLS) for _ in range(2))
        self.crossfitted.law = KneserNey(self.space.levels, order, roots=blocks, persistent=False)
        self.weight = nn.Parameter(torch.ones(()))
        if isinstance(head := getattr(network, "head", None), nn.Linear):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def estimate(self, x: Integer[Tensor, "..."], condition: Condition | None = None) -> list[str]:
        x, notes = x.flatten(), self.prior.estimate(x)
        ends = [-(-len(x) * block // self.text_blocks) for block in range(self.text_blocks + 1)]
        counted = x[: self.prior.symbols]
        apart = zip(ends[:-1], (end + self.space.dims for end in ends[1:]), strict=True)
        self.crossfitted.fit([[counted[:begin], counted[end:]] for begin, end in apart])
        return notes

    def start(self, batch_size: int, condition: Condition | None = None) -> PriorState:
        return PriorState(self.network.start(batch_size), replace(self.prior.start(batch_size), label=condition))

    def extend(
        self, x: Shaped[Tensor, "batch time"], state: PriorState
    ) -> tuple[Float[Tensor, "batch time outputs"], PriorState]:
        params, network = self.network.extend(x, state.network)
        logits, prior = self._fit_for(state).extend(x, state.prior)
        return params + self.weight * logits, PriorState(network, prior)

    def step(
        self, previous: Shaped[Tensor, " batch"] | None, state: PriorState
    ) -> tuple[Float[Tensor, "batch outputs"], PriorState]:
        params, network = self.network.step(previous, state.network)
        logits, prior = self._fit_for(state).step(previous, state.prior)
        return params + self.weight * logits, PriorState(network, prior)

    def anew(self, state: PriorState, condition: Condition | None) -> PriorState:
        return PriorState(self.network.anew(state.network, None), replace(state.prior, label=condition))

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """What either of the two sees."""
        return self.network.receptive_field() | self.prior.receptive_field()

    def _fit_for(self, state: PriorState) -> NGram:
        return self.prior if state.prior.label is None else self.crossfitted


def under_prior(network: Network, prior: str | None = None, prior_order: int = 5) -> Network:
    """The network with the prior that its config names, if it names one.

    Raises:
        ValueError: for another one than an n-gram, and by `PriorNetwork`.
    """
    if prior not in (None, "ngram"):
        raise ValueError(f"prior={prior}: must be ngram or null")
    return network if prior is None else PriorNetwork(network, prior_order)
