"""ar_lab: autoregressive generative models trained by maximum likelihood.

Read in this order. `space` says what one example is; `codecs` turn raw objects into examples and back; `data` loads,
splits and batches them. `layers` and `models` hold the networks, each a sequence of classifiers with one contract
(`models.network`); `likelihoods` turn their outputs into conditionals; `model` multiplies these by the chain rule and
unrolls them. `distributions` are known ones, to draw data from and to hold models against. `learner` trains by
minimizing cross-entropy, with `optimizers` and `schedules`, driven by `trainer` and watched by `callbacks`;
`evaluation` computes figures, certificates, divergences and anomaly scores, `coding` makes files of likelihoods and
files' contents of these again, and `report` shows what came of it. `tasks` are the
verbs of the command (`__main__`), which Hydra composes from `configs/`, `recall` takes from an earlier run, `schema`
checks, `build` turns into objects and `runs` writes to disk, where `restore` finds them again. A line that means
several jobs goes through `multirun`, or `search` when an optimizer chooses them: `sweeps` keeps their books, and each
is one `job`. `ranks` are the processes of one training. `errors` are the lines a person reads, and `memory` keeps
training fast.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ar_lab.model import AutoregressiveModel

__all__ = ["load"]


def load(run: str | Path) -> "AutoregressiveModel":
    """The trained model of a run directory, or of a .ckpt inside one, in evaluation mode on the CPU.

    Raises:
        ConfigError: when there is no run, or no readable checkpoint in it.
    """
    from ar_lab.restore import restore  # not above: the command imports this package long before it needs torch

    return restore(run).model
