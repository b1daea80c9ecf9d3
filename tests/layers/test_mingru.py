"""minGRU's parallel scan is the recurrence, with its gradient, in any precision and over long streams."""

import torch

from ar_lab.layers.mingru import LinearRecurrence, MinGRU


def one_by_one(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    h, states = torch.zeros_like(b[:, 0]), []
    for factor, term in zip(a.unbind(1), b.unbind(1), strict=True):
        h = factor * h + term
        states.append(h)
    return torch.stack(states, dim=1)


def drawn(length: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 3, length, 4, generator=generator, dtype=torch.float64)
    return torch.sigmoid(a).to(dtype), b.to(dtype)


def test_the_scan_repeats_the_recurrence_at_any_length():
    for length in (1, 2, 3, 7, 8, 33):
        a, b = drawn(length)
        torch.testing.assert_close(LinearRecurrence.apply(a, b), one_by_one(a, b), rtol=0, atol=1e-13)


def test_its_gradient_is_that_of_the_recurrence():
    a, b = (x.requires_grad_() for x in drawn(7))
    assert torch.autograd.gradcheck(LinearRecurrence.apply, (a, b))


def test_single_precision_holds_over_a_long_stream_with_gates_wide_open_and_shut():
    a, b = drawn(5000)
    a[:, 100:200], a[:, 300:400] = 1.0, 0.0
    exact = one_by_one(a, b)
    scanned = LinearRecurrence.apply(a.float(), b.float())
    assert (scanned - exact).abs().max() < 1e-5 * exact.abs().max()


def test_layers_go_on_from_the_memory_they_left():
    torch.manual_seed(0)
    cells, x = MinGRU(4, layers=2, dropout=0.0).double(), drawn(20)[1]
    whole, last = cells(x, None)
    first, memory = cells(x[:, :11], None)
    second, end = cells(x[:, 11:], memory)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=1e-13)
    torch.testing.assert_close(end, last, rtol=0, atol=1e-13)
