"""One full pass a dimension: what every other sampler is held to."""

from collections.abc import Iterator

from ar_lab.sampling.base import Drawn, Unrolling


def naive(unrolling: Unrolling) -> Iterator[Drawn]:
    """Evaluates all conditionals for every one that is needed, as if examples were only ever scored.

    What stands at the places not yet drawn is of no consequence: a conditional is blind to them.
    """
    x, begin = unrolling.blank(unrolling.places), unrolling.known.shape[1]
    x[:, :begin] = unrolling.known
    for i in range(begin, unrolling.places):
        place = slice(i, i + 1)
        params = unrolling.network(x, unrolling.condition)
        x[:, place] = unrolling.chosen(place, params[:, place])
        yield Drawn(place, x[:, place].clone(), passes=1)
