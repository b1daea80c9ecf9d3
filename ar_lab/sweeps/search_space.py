"""The search space of a line, in Hydra's own syntax: which overrides are dimensions, and which are the same for all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep

from ar_lab.errors import ConfigError
from ar_lab.runs.differences import is_place
from ar_lab.sweeps.identity import key_of

Value = str | int | float
EXAMPLE = "'optimizer.lr=tag(log,interval(1e-4,1e-2))' or 'model.hidden=choice(64,128)'"


@dataclass(frozen=True)
class Choice:
    """One of several values, written as on the line."""

    key: str
    values: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.values)

    def probes(self) -> tuple[Value, ...]:
        return self.values


@dataclass(frozen=True)
class Numbers:
    """From low to high, both included: integers where low is one, multiples of a step where there is one."""

    key: str
    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False

    @property
    def size(self) -> int | None:
        """How many there are; None for uncountably many."""
        return None if self.step is None else round((self.high - self.low) / self.step) + 1

    def probes(self) -> tuple[Value, ...]:
        return (self.low, self.high)


Dimension = Choice | Numbers


@dataclass(frozen=True)
class SearchSpace:
    fixed: tuple[str, ...]  # overrides that all trials share
    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int | None:
        """How many points there are; None for uncountably many."""
        total = 1
        for dimension in self.dimensions:
            if dimension.size is None:
                return None
            total *= dimension.size
        return total

    def overrides(self, point: Mapping[str, Value]) -> list[str]:
        """The overrides of a trial: the fixed ones, and a value for every dimension."""
        return [*self.fixed, *(f"{key}={value}" for key, value in point.items())]

    def probes(self) -> Iterator[list[str]]:
        """Trials that between them have every choice and both ends of every interval."""
        origin = {dimension.key: dimension.probes()[0] for dimension in self.dimensions}
        yield self.overrides(origin)
        for dimension in self.dimensions:
            for value in dimension.probes()[1:]:
                yield self.overrides({**origin, dimension.key: value})


def parse(line: Sequence[str]) -> SearchSpace:
    """The space of a line; of two overrides with one key the last counts.

    Raises:
        ConfigError: when nothing on the line is to be searched, or something on it cannot be.
    """
    parsed = {override.get_key_element(): override for override in OverridesParser.create().parse_overrides(list(line))}
    swept = {key: override for key, override in parsed.items() if override.is_sweep_override()}
    if not swept:
        raise ConfigError(f"sweep=optuna: no search space on the line; give one, such as {EXAMPLE}")
    fixed = [override.input_line for key, override in parsed.items() if key not in swept]
    return SearchSpace(tuple(fixed), tuple(_dimension(key, override) for key, override in swept.items()))


def _dimension(key: str, override: Override) -> Dimension:
    line, name, value = override.input_line, key_of(key), override.value()
    if name.partition(".")[0] == "cv":
        raise ConfigError(f"{line}: cross-validation scores a trial and is nothing to search over; give it one value")
    if name == "seed":
        raise ConfigError(f"{line}: seeds are replicates, and the best of them is the luckiest; give it one value")
    if is_place(name) or name == "task":
        raise ConfigError(f"{line}: does not change what is trained, so there is nothing to search; give it one value")
    if isinstance(value, ChoiceSweep):
        return _checked(line, Choice(key, tuple(override.sweep_string_iterator())), value.tags)
    if isinstance(value, IntervalSweep):
        step = 1 if isinstance(value.start, int) else None
        return _checked(line, Numbers(key, value.start, value.end, step, "log" in value.tags), value.tags)
    if isinstance(value, RangeSweep):
        numbers = sorted(value.range())
        if not numbers:
            raise ConfigError(f"{line}: an empty range; give it values")
        return _checked(line, Numbers(key, numbers[0], numbers[-1], abs(value.step), "log" in value.tags), value.tags)
    raise ConfigError(f"{line}: a search needs its choices by name, as in {key}=choice(A,B)")


def _checked(line: str, dimension: Any, tags: set[str]) -> Dimension:
    """The dimension itself.

    Raises:
        ConfigError: when no sampler could draw from it.
    """
    if tags - {"log"} or (tags and isinstance(dimension, Choice)):
        raise ConfigError(f"{line}: the one tag is log, of numbers: tag(log,interval(1e-4,1e-2))")
    if isinstance(dimension, Choice):
        return dimension
    if dimension.low > dimension.high or (dimension.low == dimension.high and dimension.size != 1):
        raise ConfigError(f"{line}: from {dimension.low} to {dimension.high}; the first must be below the second")
    if dimension.log and dimension.low <= 0:
        raise ConfigError(f"{line}: log needs numbers above 0, this begins at {dimension.low}")
    if dimension.log and dimension.step not in (None, 1):
        raise ConfigError(f"{line}: log and a step of {dimension.step} do not go together; leave out one of them")
    return dimension
