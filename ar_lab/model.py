"""The joint distribution: a network and a likelihood multiplied by the chain rule.

log p(x) = sum_i log p(x_i | x_1 … x_{i-1})
"""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.likelihoods.base import Conditional, Likelihood
from ar_lab.likelihoods.truncation import truncated
from ar_lab.models.network import Condition, Network
from ar_lab.sampling import Drawn, Sampler, Unrolling, find
from ar_lab.space import Space


class AutoregressiveModel(nn.Module):
    """p(x) for examples of a space: evaluates and samples the very same conditionals.

    A network may take the dimensions in an `order` of its own; examples and noise lie as the space has them throughout.
    """

    def __init__(self, network: Network, likelihood: Likelihood):
        super().__init__()
        self.network = network
        self.likelihood = likelihood

    @property
    def space(self) -> Space:
        return self.network.space

    def cast(self, x: Shaped[Tensor, "*shape"]) -> Shaped[Tensor, "*shape"]:
        """Stored codes as the network takes them: int64 levels or real numbers of its precision, on its device."""
        return x.to(self.network.device, torch.int64 if self.space.discrete else self.network.dtype)

    def nll(self, x: Shaped[Tensor, "batch dims"], condition: Condition | None = None) -> Float[Tensor, "batch dims"]:
        """-log p(x_i | x_1 … x_{i-1}) of every dimension, in nats; of a space with classes, given the labels."""
        x = self._ordered(x)
        return self._unordered(-self.likelihood.conditional(self.network(x, condition)).log_prob(x))

    def log_prob(self, x: Shaped[Tensor, "batch dims"], condition: Condition | None = None) -> Float[Tensor, " batch"]:
        """log p(x) in nats."""
        return -self.nll(x, condition).sum(-1)

    def draw_noise(
        self, count: int, generator: torch.Generator | None = None, length: int | None = None
    ) -> Float[Tensor, "count dims"]:
        """Uniform noise for `count` examples, drawn on the CPU so that every device gets the same.

        `length`, of a sequence, is another number of dimensions than the window has.
        """
        noise = torch.rand(count, length or self.space.dims, generator=generator, dtype=torch.float64)
        return noise.to(self.network.device)

    def sample(
        self,
        count: int,
        noise: Float[Tensor, "count dims"] | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        condition: Condition | None = None,
        sampler: str | Sampler = "cached",
    ) -> Shaped[Tensor, "count dims"]:
        """Examples as a deterministic function of the model and uniform noise in [0, 1), one number a dimension.

        With every sampler the function is the same, up to how it rounds. Noise longer than the window makes sequences
        as long, where the network carries its state on.
        """
        noise = self.draw_noise(count) if noise is None else noise
        return self.complete(None, None, noise, temperature, top_k, top_p, condition, sampler)

    @torch.inference_mode()
    def complete(
        self,
        x: Shaped[Tensor, "count dims"] | None,
        known: Bool[Tensor, " dims"] | None,
        noise: Float[Tensor, "count dims"],
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        condition: Condition | None = None,
        sampler: str | Sampler = "cached",
    ) -> Shaped[Tensor, "count dims"]:
        """Examples that keep the `known` dimensions of `x` and sample the others given those before them.

        This is a draw from p(unknown | known) when the known dimensions come first in the order (`comes_first`).
        """
        unrolling = self._unrolling(x, known, noise, temperature, top_k, top_p, condition)
        values = [drawn.values for drawn in find(sampler)(unrolling)]
        return self._unordered(torch.cat([unrolling.known, *values], dim=1))

    def draw(
        self,
        noise: Float[Tensor, "count dims"],
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        condition: Condition | None = None,
        sampler: str | Sampler = "cached",
        x: Shaped[Tensor, "count dims"] | None = None,
        known: Bool[Tensor, " dims"] | None = None,
    ) -> Iterator[Drawn]:
        """What `sample` or `complete` returns, as it is drawn; known dimensions that come first are left out."""
        unrolling = self._unrolling(x, known, noise, temperature, top_k, top_p, condition)
        pieces, order = find(sampler)(unrolling), self.network.order
        while True:
            with torch.inference_mode():
                drawn = next(pieces, None)
            if drawn is None:
                return
            yield drawn if order is None else drawn._replace(places=order[drawn.places])

    def write(
        self, prompt: Shaped[Tensor, "count given"], noise: Float[Tensor, "count length"], **how: Any
    ) -> Iterator[Drawn]:
        """The values behind a prompt as they are drawn, one a number of noise; `how` is what else `draw` takes.

        They are drawn given all before them as far as `reaches` says. Beyond, where a window is full the next begins
        with its second half, which is all that is then known: an approximation.

        Raises:
            ValueError: for a network that takes the dimensions in an order of its own.
        """
        if self.network.order is not None:
            raise ValueError("a text is drawn from left to right, and this network takes it in another order")
        length = prompt.shape[1] + noise.shape[1]
        room = length if self.reaches(length) else self.space.dims
        text, left, offset = prompt, noise, 0
        while left.shape[1]:
            given = text if text.shape[1] < room else text[:, text.shape[1] - room // 2 :]
            offset += text.shape[1] - given.shape[1]
            now, left = left.tensor_split([room - given.shape[1]], dim=1)
            x, padded = F.pad(given, (0, now.shape[1])), F.pad(now, (given.shape[1], 0))
            known = torch.arange(x.shape[1], device=x.device) < given.shape[1]
            pieces = [given]
            for drawn in self.draw(padded, **how, x=x, known=known):
                pieces.append(drawn.values)
                yield drawn._replace(places=slice(offset + drawn.places.start, offset + drawn.places.stop))
            text = torch.cat(pieces, dim=1)

    def reaches(self, length: int) -> bool:
        """Whether so long a sequence has conditionals given all that is before them."""
        return self.network.carries or length <= self.space.dims

    def comes_first(self, known: Bool[Tensor, " dims"]) -> bool:
        """Whether completing what is known is exact: nothing known comes after something drawn, in the order."""
        return self.leading(known) == int(known.sum())

    def leading(self, known: Bool[Tensor, " dims"]) -> int:
        """How many known dimensions come before all others in the order: no sampler visits them."""
        return int(self._ordered(known.to(self.network.device)).long().cumprod(0).sum())

    def _unrolling(
        self,
        x: Shaped[Tensor, "count dims"] | None,
        known: Bool[Tensor, " dims"] | None,
        noise: Float[Tensor, "count dims"],
        temperature: float,
        top_k: int | None,
        top_p: float | None,
        condition: Condition | None,
    ) -> Unrolling:
        """What a sampler is given, in the network's order."""
        self._check_length(noise.shape[1])
        _check_manner(temperature, top_k, top_p)
        if condition is not None and len(condition) != len(noise):
            raise ValueError(f"condition: {len(condition)} labels for {len(noise)} examples; give one for each")
        noise = self._ordered(noise.to(self.network.device))
        values, kept, first = noise[:, :0], None, 0
        if known is not None:
            values, kept = self._ordered(self.cast(x)), self._ordered(known.to(noise.device))
            first = self.leading(known)
            kept = kept if kept[first:].any() else None

        def choose(places: slice, conditional: Conditional) -> Tensor:
            if temperature != 1.0:
                conditional = conditional.tempered(temperature)
            if top_k is not None or top_p is not None:
                conditional = truncated(conditional, top_k, top_p)
            chosen = conditional.sample(noise[:, places])
            return chosen if kept is None else torch.where(kept[places], values[:, places], chosen)

        given = self.cast(values[:, :first])
        return Unrolling(self.network, self.likelihood, condition, given, noise.shape[1], choose)

    def _check_length(self, length: int) -> None:
        dims = self.space.dims
        if not self.reaches(length):
            raise ValueError(
                f"{length} dimensions: an example has {dims}, and this network carries nothing beyond them"
            )
        if length < dims and self.network.order is not None:
            raise ValueError(
                f"{length} dimensions: an example has {dims}, and this network takes them in another order"
            )

    def _ordered(self, x: Shaped[Tensor, "*batch dims"]) -> Shaped[Tensor, "*batch dims"]:
        return x if self.network.order is None else x[..., self.network.order]

    def _unordered(self, x: Shaped[Tensor, "*batch dims"]) -> Shaped[Tensor, "*batch dims"]:
        return x if self.network.order is None else x[..., self.network.order.argsort()]


def _check_manner(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raises ValueError for what would leave no conditional to draw from."""
    if not temperature > 0:
        raise ValueError(f"temperature={temperature}: must be greater than 0; top_k=1 takes the likeliest level")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k}: must be at least 1, or None for all levels")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p}: must be greater than 0 and at most 1, or None for all levels")
