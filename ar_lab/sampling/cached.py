"""One step a dimension, from the network's caches."""

from collections.abc import Iterator

from ar_lab.sampling.base import Drawn, Unrolling


def cached(unrolling: Unrolling) -> Iterator[Drawn]:
    """Walks the chain rule one dimension at a time: x_i = choose(i, p(x_i | x_1 … x_{i-1}))."""
    state, previous = unrolling.resume(), None
    for i in range(unrolling.known.shape[1], unrolling.places):
        params, state = unrolling.network.step(previous, state)
        values = unrolling.chosen(slice(i, i + 1), params.unsqueeze(1))
        previous = values.squeeze(1)
        yield Drawn(slice(i, i + 1), values, passes=1)
