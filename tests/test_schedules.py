"""The learning rate as a function of how far training has come."""

import pytest

from ar_lab.schedules import Constant, Cosine


def test_the_warm_up_is_linear_in_steps_and_ends_at_one():
    assert [Constant(warmup=4).factor(step, 0.0) for step in (0, 1, 4, 99)] == [0.2, 0.4, 1.0, 1.0]


def test_the_warm_up_takes_at_most_the_first_tenth_of_training():
    assert Constant(warmup=10**6).factor(5, 0.1) == 1.0


def test_the_cosine_falls_from_one_to_its_floor():
    schedule = Cosine(warmup=0, floor=0.2)
    assert schedule.factor(0, 0.0) == 1.0
    assert schedule.factor(50, 0.5) == pytest.approx(0.6)
    assert schedule.factor(100, 1.0) == pytest.approx(0.2)
    assert schedule.factor(120, 1.2) == pytest.approx(0.2)
