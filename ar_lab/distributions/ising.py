"""The Ising model on a small rectangle: black and white images whose neighbors like to agree."""

from functools import cached_property
from math import log

import torch
from jaxtyping import Float, Int64, Integer
from torch import Tensor

from ar_lab.distributions.base import Distribution, Entropy
from ar_lab.space import Space

WIDEST = 12  # columns: a message has 2^width entries


class Ising(Distribution):
    """P(x) = exp(beta (sum_<ij> s_i s_j + field sum_i s_i)) / Z with s = 2 x - 1, over nearest neighbors, free borders.

    Z and exact draws come of the transfer matrix (Kramers and Wannier, 1941; Onsager, 1944), here a spin at a time:
    a message knows the last `width` spins. H(P) = log Z - beta d log Z / d beta. Without a field an endless plane
    orders itself at beta = log(1 + sqrt 2) / 2 = 0.4407.

    Raises:
        ValueError: for more than 12 columns.
    """

    def __init__(self, height: int, width: int, beta: float, field: float = 0.0):
        if not 1 <= width <= WIDEST or height < 1:
            raise ValueError(f"height={height}, width={width}: needs at least one row and 1..{WIDEST} columns")
        self.space = Space("image", (height, width, 1), 2)
        self.height, self.width, self.beta, self.field = height, width, beta, field

    def log_prob(self, x: Integer[Tensor, "examples dims"]) -> Float[Tensor, " examples"]:
        return self.beta * self.agreement(x) - self.log_z

    def agreement(self, x: Integer[Tensor, "examples dims"]) -> Float[Tensor, " examples"]:
        """sum_<ij> s_i s_j + field sum_i s_i: less the energy."""
        s = 2 * x.double().view(-1, self.height, self.width) - 1
        pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
        return pairs + self.field * s.sum((1, 2))

    def sample(self, count: int, generator: torch.Generator) -> Int64[Tensor, "count dims"]:
        """Backwards: the last row by the last message, then each spin by the message before it was forgotten."""
        messages, places = self._messages, self.height * self.width
        noise = torch.rand(count, places, generator=generator, dtype=torch.float64)
        drawn = torch.empty(count, places, dtype=torch.int64)
        row = torch.searchsorted(messages[-1].softmax(0).cumsum(0)[:-1], noise[:, -1].contiguous(), right=True)
        for i in reversed(range(places)):
            column = i % self.width
            place = self.width - 1 - column
            drawn[:, i] = new = row >> place & 1
            if i < self.width:
                continue
            rest = row - (new << place)
            before = messages[i].take(torch.stack([rest, rest + (1 << place)], 1))  # whether the spin above was 0 or 1
            s = torch.tensor([-1.0, 1.0], dtype=torch.float64)
            odds = before + self.beta * (2.0 * new[:, None] - 1) * s
            row = rest + ((noise[:, i - self.width] < odds.softmax(1)[:, 1]).long() << place)
        return drawn

    def entropy(self) -> Entropy:
        beta = torch.tensor(self.beta, dtype=torch.float64, requires_grad=True)
        log_z = self._pass(beta)[-1].logsumexp(0)
        [slope] = torch.autograd.grad(log_z, beta)
        return Entropy(float(log_z.detach() - self.beta * slope), None, "transfer matrix")

    @cached_property
    def log_z(self) -> float:
        return float(self._messages[-1].logsumexp(0))

    @cached_property
    def _messages(self) -> list[Float[Tensor, " rows"]]:
        return self._pass(torch.tensor(self.beta, dtype=torch.float64))

    def _pass(self, beta: Float[Tensor, ""]) -> list[Float[Tensor, " rows"]]:
        """Log weights of the last `width` spins before each spin and after the last, summed over those before them.

        Bits stand by column, the first one highest. Those of the row above the first sum to one and touch nothing.
        """
        s = torch.tensor([-1.0, 1.0], dtype=torch.float64)
        message = torch.full((2**self.width,), -self.width * log(2), dtype=torch.float64)
        messages = [message]
        for i in range(self.height * self.width):
            column = i % self.width
            above = s * float(i >= self.width)
            left = s.repeat(max(1, 2**column // 2)) if column else torch.zeros(1, dtype=torch.float64)
            touched = above[None, :, None] + left[:, None, None] + self.field  # left, above, new
            weights = beta * touched * s
            known = message.view(2**column, 2, 1, -1) + weights[..., None]
            message = known.logsumexp(1).flatten()
            messages.append(message)
        return messages
