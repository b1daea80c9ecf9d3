"""Ways to unroll the chain rule, which give the same examples from the same noise."""

from ar_lab.sampling.base import Choose, Drawn, Sampler, Unrolling
from ar_lab.sampling.cached import cached
from ar_lab.sampling.jacobi import jacobi
from ar_lab.sampling.naive import naive

__all__ = ["SAMPLERS", "Choose", "Drawn", "Sampler", "Unrolling", "find"]

SAMPLERS: dict[str, Sampler] = {"cached": cached, "jacobi": jacobi, "naive": naive}


def find(sampler: str | Sampler) -> Sampler:
    """A sampler by its name, or itself.

    Raises:
        ValueError: for an unknown name.
    """
    if not isinstance(sampler, str):
        return sampler
    if sampler not in SAMPLERS:
        raise ValueError(f"sampler={sampler!r}: choose one of {', '.join(SAMPLERS)}")
    return SAMPLERS[sampler]
