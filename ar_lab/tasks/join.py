"""join: what every further process does in a run that several train, as `python -m ar_lab.tasks.join`."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from torch.distributed import TCPStore

from ar_lab.build import build_model
from ar_lab.errors import Interrupted
from ar_lab.memory import keep_freed_blocks
from ar_lab.ranks import HOST, Rank, connected, end_with_parent, reporting
from ar_lab.runs import Run
from ar_lab.tasks.closed_form import estimate
from ar_lab.tasks.train import last_checkpoint, load_data, make_learner
from ar_lab.trainer import device_of, make_trainer


def join(run: Run, rank: Rank, store: TCPStore) -> None:
    """Trains as one of several processes; the weights to start from come from rank 0, or the run's last.ckpt."""
    config = run.config
    data = load_data(config)
    model = build_model(config, data.space)
    estimate(model, data)
    learner = make_learner(config, data, model)
    trainer = make_trainer(run, config, [], selects=len(data.parts.validation) > 0, rank=rank.number)
    torch.manual_seed(int(np.random.SeedSequence([config["seed"], rank.number]).generate_state(1, np.uint64)[0]))
    store.set(f"ready {rank.number}", "")
    with connected(store, rank, device_of(config["trainer"])):
        trainer.fit(learner, data, ckpt_path=last_checkpoint(run), weights_only=True)


def main() -> int:
    path, number, count, port = sys.argv[1:]
    end_with_parent()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)  # rank 0 tells when to stop
    os.environ.pop("PL_GLOBAL_SEED", None)  # or Lightning would give all the same dropout
    keep_freed_blocks()
    rank, store = Rank(int(number), int(count)), TCPStore(HOST, int(port))
    try:
        with reporting(store, rank):
            join(Run(Path(path)), rank, store)
    except Interrupted:
        return 0
    except Exception:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
