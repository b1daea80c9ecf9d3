"""Promise 5: what was coded decodes exactly, and is as long as the likelihood says."""

from io import BytesIO
from math import log

import numpy as np
import pytest
import torch

from ar_lab.codecs.table import TableCodec
from ar_lab.coding.alphabet import Levels, alphabet_for
from ar_lab.coding.coder import Coder
from ar_lab.coding.contents import counted
from ar_lab.coding.layout import Layout
from ar_lab.coding.prequential import Learner
from ar_lab.space import Space
from tests.contracts.registry import SPACES, Case, draw, every_case

COUNT = 5
CODEC = TableCodec((0.0,) * 6, (1.0,) * 6, tuple("abcdef"))


def contents(space: Space) -> tuple[np.ndarray, bytes]:
    """Symbols of a space, and what the alphabet must know of them."""
    if space.discrete:
        return draw(space, COUNT).numpy(), b""
    counts, grid = counted(draw(space, COUNT).numpy(), CODEC.columns, 1e-3)
    return counts, grid.to_bytes()


def coder(case: Case, extra: bytes, layout: Layout, lr: float | None = None) -> Coder:
    model = case.build(torch.float32).requires_grad_(False)
    device = torch.device("cpu")
    alphabet = Levels(device) if case.space.discrete else alphabet_for(CODEC, extra, device)
    learner = None if lr is None else Learner(model, lr)
    return Coder(model, alphabet, layout, learner, 0 if lr is None else 4)


def layouts(space: Space, symbols: np.ndarray) -> list[Layout]:
    if space.kind == "sequence":
        return [Layout(symbols.size, None, 3)]
    return [Layout(COUNT, space.dims, 2)]


@every_case(SPACES)
@pytest.mark.parametrize("lr", [None, pytest.param(0.01, marks=pytest.mark.slow)], ids=["fixed", "learning"])
def test_what_is_coded_decodes_and_is_as_long_as_the_likelihood_says(case: Case, lr: float | None):
    if lr is not None and case.space.classes is not None:
        pytest.skip("labels are chosen by the model that decodes first")
    if case.space.kind == "sequence" and case.build().network.order is not None:
        pytest.skip("a text is coded from left to right")
    symbols, extra = contents(case.space)
    for layout in layouts(case.space, symbols):
        file, out = BytesIO(), np.zeros(symbols.size, symbols.dtype)
        chunks, nats = coder(case, extra, layout, lr).encode(symbols.reshape(-1), file, lambda _: None, 16)
        file.seek(0)
        coder(case, extra, layout, lr).decode(chunks, file, out, lambda _: None)
        np.testing.assert_array_equal(out, symbols.reshape(-1))
        flushes = 8 * len(chunks)  # every chunk ends with two words at most
        assert len(file.getvalue()) <= nats / log(2) / 8 * 1.001 + flushes


@every_case(SPACES)
@torch.no_grad()
def test_the_ideal_length_is_the_negative_log_likelihood(case: Case):
    if case.space.kind == "sequence" or not case.space.discrete or case.space.classes is not None:
        pytest.skip("lanes, steps of a table and chosen labels are other events than an example")
    symbols, extra = contents(case.space)
    coder_ = coder(case, extra, Layout(COUNT, case.space.dims, 2))
    _, nats = coder_.encode(symbols.reshape(-1), BytesIO(), lambda _: None)
    expected = -coder_.model.log_prob(torch.from_numpy(symbols)).double().sum()
    assert nats == pytest.approx(float(expected), rel=1e-4)
