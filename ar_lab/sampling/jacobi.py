"""Many dimensions at once, by fixed-point iteration (Song et al., 2021, Accelerating Feedforward Computation)."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from ar_lab.sampling.base import Drawn, Unrolling


def jacobi(unrolling: Unrolling, block: int | None = None) -> Iterator[Drawn]:
    """Solves x_i = choose(i, p(x_i | x_1 … x_{i-1})) for `block` places at a time (all of them by default).

    Jacobi's iteration within a block, Gauss and Seidel's from block to block (Song et al., algorithms 1 and 3). A
    sample is a function of its noise, so the equations have one solution: that of drawing place after place.
    """
    begin = unrolling.known.shape[1]
    state, again = None, unrolling.start
    if begin:
        state = unrolling.resume()
        again = partial(deepcopy, state)
    while begin < unrolling.places:
        places = slice(begin, unrolling.places if block is None else min(begin + block, unrolling.places))
        values, state, passes = _solved(unrolling, places, again)
        yield Drawn(places, values, passes)
        begin, again = places.stop, partial(deepcopy, state)


def _solved(
    unrolling: Unrolling, places: slice, again: Callable[[], Any]
) -> tuple[Shaped[Tensor, "batch places"], Any, int]:
    """The values of a block, the network's state behind it, and the passes that it took.

    Pass n leaves the first n places right for good, since they are blind to what comes after them. So the last of
    places + 1 passes finds nothing to change, and most are done long before.
    """
    count = places.stop - places.start
    guess, passes = unrolling.blank(count), 0
    while True:
        params, state = unrolling.network.extend(guess, again())
        values = unrolling.chosen(places, params)
        passes += 1
        if passes > count or torch.equal(values, guess):
            return values, state, passes
        guess = values
