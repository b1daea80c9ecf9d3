"""The model that proofs are about, and the examples that they ask it about."""

import copy
import time
from collections.abc import Callable, Iterator
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor

from ar_lab.evaluation.certificate.proof import Finding
from ar_lab.likelihoods.base import Conditional
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Condition

ALL_PLACES = 256  # of an example this long every place is checked, of a longer one PLACES
PLACES = 64
ROWS_IN_MEMORY = 2**23  # parameters of conditionals that one pass may give out
TOLERANCE = 1e-5  # nats, in single precision
EXACT = 1e-9  # nats, in double precision
ROUNDING = 1e-2  # nats that single precision may be off where double precision is exact


class Clock:
    """How much time is left to the proof that is running; without a limit, as much as it takes."""

    def __init__(self, seconds: float | None):
        self.end = float("inf") if seconds is None else time.monotonic() + seconds
        self.deadline = self.end

    def allot(self, share: float) -> None:
        """Gives the next proof a share of what is left."""
        now = time.monotonic()
        self.deadline = now + share * max(0.0, self.end - now)

    @property
    def left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.end


class Subject:
    """A model and examples `x` with their labels, in the order of its network: place i is dimension order[i]."""

    def __init__(
        self,
        model: AutoregressiveModel,
        x: Shaped[Tensor, "rows dims"],
        condition: Condition | None,
        clock: Clock,
    ):
        self.model, self.network, self.space, self.clock = model, model.network, model.space, clock
        self.dims = model.space.dims
        self.x, self.condition = x, condition

    @property
    def order(self) -> Int64[Tensor, " dims"]:
        order = getattr(self.network, "order", None)
        return torch.arange(self.dims, device=self.x.device) if order is None else order

    def lay(self, values: Shaped[Tensor, "*rows dims"]) -> Shaped[Tensor, "*rows dims"]:
        """Values in the order of the network as an example has them."""
        return values[..., self.order.argsort()]

    def labels(self, rows: Int64[Tensor, " rows"]) -> Condition | None:
        return None if self.condition is None else self.condition[rows]

    def params(self, x: Shaped[Tensor, "rows dims"], condition: Condition | None) -> Float[Tensor, "rows dims outputs"]:
        """The parameters of all conditionals, in one pass."""
        return self.network(x, condition)

    def nll(self, x: Shaped[Tensor, "rows dims"], condition: Condition | None) -> Float[Tensor, "rows dims"]:
        """What the model says of x, given and told in the order of the network."""
        return self.model.nll(self.lay(x), condition)[:, self.order]

    def conditional(self, params: Float[Tensor, "*batch outputs"]) -> Conditional:
        return self.model.likelihood.conditional(params)

    @cached_property
    def twin(self) -> "Subject":
        """The same model in double precision, which tells an error from rounding."""
        model = copy.deepcopy(self.model).double().eval()
        x = self.x.double() if self.x.is_floating_point() else self.x
        return Subject(model, x, self.condition, self.clock)

    @cached_property
    def places(self) -> list[int]:
        """The places to check: all, or those at the ends, at the edges of rows and of chunks, and some between."""
        if self.dims <= ALL_PLACES:
            return list(range(self.dims))
        row = self.dims // self.space.image_shape[0] if self.space.kind == "image" else self.dims
        edges = [0, 1, 2, self.dims - 1, self.dims - 2, row - 1, row, self.dims - row - 1, self.dims - row]
        edges += [2**k + off for k in range(2, self.dims.bit_length()) for off in (-1, 0)]
        between = torch.linspace(0, self.dims - 1, PLACES).long().tolist()
        inside = dict.fromkeys(place for place in (*edges, *between) if 0 <= place < self.dims)
        return sorted(list(inside)[:PLACES])

    def some(self, count: int) -> list[int]:
        """At most so many of the places, evenly spread, the first and the last among them."""
        chosen = torch.linspace(0, len(self.places) - 1, min(count, len(self.places))).round().long()
        return [self.places[k] for k in chosen.tolist()]

    @cached_property
    def row_seconds(self) -> float:
        """How long a pass takes, by the row."""
        began = time.monotonic()
        self.params(self.x, self.condition)
        return (time.monotonic() - began) / len(self.x)

    def room(self) -> int:
        """Rows that a pass may have, for memory and for what is left of the time."""
        of_memory = ROWS_IN_MEMORY // (self.dims * max(self.network.outputs, self.space.levels or 1))
        of_time = 0.25 * self.clock.left / max(self.row_seconds, 1e-6)
        return int(max(1, min(of_memory, of_time, ALL_PLACES)))

    def pieces(self, places: list[int]) -> Iterator[Int64[Tensor, " rows"]]:
        """Places one after another, as many at a time as one pass has rows for."""
        done = 0
        while done < len(places):
            room = self.room()
            yield torch.tensor(places[done : done + room], device=self.x.device)
            done += room

    def rows(self, places: Int64[Tensor, " rows"]) -> Int64[Tensor, " rows"]:
        """Which example stands in for every place: all in turn."""
        return torch.arange(len(places), device=self.x.device) % len(self.x)

    def others(self, x: Shaped[Tensor, "rows dims"], seed: int) -> Shaped[Tensor, "rows dims"]:
        """Values that differ from those of x everywhere."""
        generator = torch.Generator().manual_seed(seed)
        if self.space.discrete:
            shift = torch.randint(1, self.space.levels, x.shape, generator=generator)
            return (x + shift.to(x.device)) % self.space.levels
        return x + (1 + torch.rand(x.shape, generator=generator)).to(x) * (3.0 if seed % 2 else -0.5)

    def distance(
        self, params: Float[Tensor, "rows places outputs"], other: Float[Tensor, "rows places outputs"]
    ) -> float:
        """The worst of E|log p - log q| over all conditionals, in nats; the expectation is over p."""
        ours, theirs = self.conditional(params), self.conditional(other)
        if self.space.discrete:
            p, q = ours.pmf().double(), theirs.pmf().double()
            tiny = torch.finfo(p.dtype).tiny
            apart = (p * (p.clamp_min(tiny).log() - q.clamp_min(tiny).log()).abs()).sum(-1)
            return largest(apart + (p.sum(-1) - q.sum(-1)).abs())
        quantiles = [ours.sample(params.new_full(params.shape[:-1], u).double()) for u in (0.1, 0.35, 0.6, 0.85)]
        return largest(sum((ours.log_prob(x) - theirs.log_prob(x)).abs() for x in quantiles) / len(quantiles))

    def agreed(self, measure: Callable[["Subject"], float], checked: int, total: int, things: str) -> Finding:
        """A distance in nats that is to vanish but for rounding.

        Where single precision is further off than its tolerance, double precision has to agree far better.
        """
        figure = measure(self)
        if self.network.dtype == torch.float64:
            return Finding(figure, EXACT, "nats", checked, total, things)
        if TOLERANCE < figure <= ROUNDING:
            exact, note = measure(self.twin), f"rounding makes it {figure:.2g} in {self.network.dtype}"
            return Finding(exact, EXACT, "nats in float64", checked, total, things, note)
        return Finding(figure, TOLERANCE, "nats", checked, total, things)


def changed(before: Shaped[Tensor, "*shape"], after: Shaped[Tensor, "*shape"]) -> Bool[Tensor, "*shape"]:
    """Where the bits differ; one NaN is like another."""
    return (before != after) & ~(before.isnan() & after.isnan())


def largest(figures: Shaped[Tensor, "..."]) -> float:
    """The greatest of them; infinite where one is no number."""
    return float(figures.nan_to_num(float("inf")).max()) if figures.numel() else 0.0
