"""The Lightning Trainer of a run: its config, and what every run has."""

import logging
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EMAWeightAveraging
from pytorch_lightning.loggers import Logger, WandbLogger

from ar_lab.build import build
from ar_lab.callbacks.checkpoints import (
    AtomicCheckpointIO,
    BestCheckpoint,
    EndWithValidation,
    LastCheckpoint,
    Patience,
)
from ar_lab.callbacks.clock import Clock
from ar_lab.callbacks.metrics_csv import MetricsCSV
from ar_lab.errors import ConfigError
from ar_lab.ranks import Rank
from ar_lab.report.dashboard import sign_in
from ar_lab.runs import Run
from ar_lab.sweeps.naming import naming


def make_trainer(
    run: Run, config: dict[str, Any], watchers: list[Callback], selects: bool, rank: int = 0
) -> pl.Trainer:
    """A Trainer that logs to the run directory and keeps best.ckpt and last.ckpt in it.

    `selects` says whether there is a validation part to choose the best weights by. A given `max_steps` is the only
    limit besides `max_time`: no epoch limit cuts it short. Of several processes, only rank 0 logs.
    """
    quiet()
    settings, count = dict(config["trainer"]), processes(config["trainer"])
    if settings["max_steps"] > 0:
        settings["max_epochs"] = -1
    if not selects:
        settings["limit_val_batches"] = 0
    if count == 1:
        settings |= {"strategy": "auto", "devices": 1}
    else:
        settings["devices"] = count
        if settings["max_time"] is not None:
            watchers = [*watchers, Clock(settings.pop("max_time"))]
    return build(
        settings,
        logger=[] if rank else [MetricsCSV(run.path / "metrics.csv"), *make_loggers(run, config)],
        callbacks=make_callbacks(run, config["learner"], watchers, selects),
        plugins=[AtomicCheckpointIO(), *([Rank(rank, count)] if count > 1 else [])],
        default_root_dir=run.path,
        enable_model_summary=False,
        enable_progress_bar=rank == 0,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def make_callbacks(run: Run, learner: dict[str, Any], watchers: list[Callback], selects: bool) -> list[Callback]:
    """Averaging first and checkpoints last, so that what is saved is what the step ended with."""
    callbacks: list[Callback] = []
    if learner["ema"] is not None:
        # Not the buffers, of which an average is nonsense where they count or index.
        callbacks.append(EMAWeightAveraging(decay=learner["ema"], use_buffers=False))
    callbacks += [*watchers, EndWithValidation()]
    chooses = selects and learner.get("select", "best") == "best"
    if chooses:
        callbacks.append(BestCheckpoint(run.path))
    if selects and learner["patience"] is not None:
        callbacks.append(Patience(learner["patience"]))
    callbacks.append(LastCheckpoint(run.path, chooses, learner["save_seconds"]))
    return callbacks


def make_loggers(run: Run, config: dict[str, Any]) -> list[Logger]:
    """The configured logger beside metrics.csv, writing into the run directory."""
    node = config["logger"]
    if node["_target_"] == "none":
        return []
    if not node["_target_"].endswith("WandbLogger"):
        return [build(node, save_dir=run.path, name="", version="tensorboard")]
    return [make_wandb(run, config)]


def make_wandb(run: Run, config: dict[str, Any]) -> WandbLogger:
    """A W&B logger that never prompts; a run that goes on keeps its W&B id, a job of a sweep lies in its group.

    Raises:
        ConfigError: when it is to be online and there is no key.
    """
    sign_in(config["logger"]["mode"])
    identity = run.result.get("wandb_id") or secrets.token_hex(4)
    run.write_result(wandb_id=identity)
    named = {"name": run.path.name, **naming(run.path, config)}
    return build(config["logger"], save_dir=run.path, id=identity, config=config, **named)


def device_of(trainer: dict[str, Any]) -> torch.device:
    """The device that `trainer.accelerator` means, for what is computed outside of Lightning.

    Raises:
        ConfigError: when there is no such device.
    """
    accelerator = trainer["accelerator"]
    if accelerator != "cpu" and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator in ("auto", "cpu"):
        return torch.device("cpu")
    raise ConfigError(f"trainer.accelerator={accelerator}: no GPU found here; use auto or cpu")


def processes(trainer: dict[str, Any]) -> int:
    """How many processes train the run: under DDP one a GPU, or on a CPU as many as asked for.

    Raises:
        ConfigError: when there are fewer GPUs, or none to count.
    """
    device, asked = device_of(trainer), trainer["devices"]
    gpus = torch.cuda.device_count() if device.type == "cuda" else 0
    if trainer["strategy"] == "auto":
        return 1
    if asked == "auto" and not gpus:
        raise ConfigError("trainer.devices=auto: no GPU found here; give the number of processes, as trainer.devices=2")
    if asked != "auto" and 0 < gpus < asked:
        raise ConfigError(f"trainer.devices={asked}: GPUs found here: {gpus}; use at most as many")
    return gpus if asked == "auto" else asked


@contextmanager
def summarized(trainer: pl.Trainer) -> Iterator[dict[str, Any]]:
    """Ends W&B's run with the state of ours, and with the figures that the block puts into the dictionary."""
    summary: dict[str, Any] = {}
    try:
        yield summary
    except BaseException as error:
        _finish(trainer, summary, exit_code=getattr(error, "exit_code", 1))
        raise
    _finish(trainer, summary, exit_code=0)


def _finish(trainer: pl.Trainer, summary: dict[str, Any], exit_code: int) -> None:
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            logger.experiment.summary.update(summary)
            logger.experiment.finish(exit_code=exit_code)


def quiet() -> None:
    """Leaves out what Lightning says of every run: hardware found and not used, and tips."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in IRRELEVANT:
        warnings.filterwarnings("ignore", message=message)


IRRELEVANT = (
    ".*LeafSpec.*is deprecated.*",  # between Lightning and torch
    ".*does not have many workers.*",  # whole batches come from memory
    ".*is smaller than the logging interval.*",  # the curves keep their own interval
    ".*recommended to use `self.log\\('step', ..., sync_dist=True\\)`.*",  # every process counts the same steps
    ".*Grad strides do not match bucket view strides.*",  # of channels_last, by DDP
    ".*Checkpoint directory .* exists and is not empty.*",  # a run that goes on
)
