"""Checkpoints: what a run goes on with beside its weights."""

import random

import numpy as np
import torch

from ar_lab.callbacks.checkpoints import AtomicCheckpointIO, random_state, set_random_state


def draw() -> tuple[float, float, float, float]:
    # What a user's own code may draw from as well.
    return float(torch.rand(())), np.random.rand(), np.random.randn(), random.random()  # noqa: NPY002


def test_every_generator_goes_on_where_a_checkpoint_left_it(tmp_path):
    draw()
    AtomicCheckpointIO().save_checkpoint(random_state(), tmp_path / "last.ckpt")
    expected = draw()
    assert draw() != expected
    set_random_state(torch.load(tmp_path / "last.ckpt", weights_only=True))
    assert draw() == expected
