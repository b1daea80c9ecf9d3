"""task=train: data, model, training, figures, samples; everything that happens to a run, top to bottom."""

import sys
import time
from functools import partial as bind
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import WandbLogger
from torch import Tensor

from ar_lab.build import build, build_likelihood, build_model, partial
from ar_lab.callbacks.curves import Curves
from ar_lab.callbacks.gallery import Gallery
from ar_lab.callbacks.progress import Bar
from ar_lab.callbacks.pruning import Pruned, Pruning
from ar_lab.data.module import DataModule
from ar_lab.errors import ConfigError
from ar_lab.learner import MaximumLikelihood
from ar_lab.model import AutoregressiveModel
from ar_lab.ranks import together
from ar_lab.report.learning_curves import save_curves
from ar_lab.report.pictures import render, save_samples
from ar_lab.report.table import print_result
from ar_lab.restore import model_weights, read_checkpoint, restore
from ar_lab.runs import Run
from ar_lab.runs.curves import curve
from ar_lab.runs.differences import difference
from ar_lab.runs.provenance import environment
from ar_lab.sampling.labels import labels_in_turn
from ar_lab.sweeps.overfitting import of_one_run
from ar_lab.sweeps.study import stopper
from ar_lab.tasks.certify import certify_trained, examples
from ar_lab.tasks.closed_form import estimate, keep, learns
from ar_lab.tasks.cross_validate import cross_validate
from ar_lab.tasks.figures import figures
from ar_lab.tasks.loading import load_parts
from ar_lab.tasks.scored import monitored_examples
from ar_lab.tasks.settling import settle
from ar_lab.trainer import device_of, make_trainer, processes, summarized


def train(config: dict[str, Any]) -> None:
    """Trains a model from the start, or goes on from the last checkpoint of `run` or `output`."""
    run = trained(config)
    print_result(run.result, run.path)


def trained(config: dict[str, Any]) -> Run:
    """The run of a config, once it is done."""
    processes(config["trainer"])  # a GPU that is not there is found before a run directory is made for it
    work = bind(cross_validate, learn=learn) if config["cv"]["fold"] == "all" else learn
    return settle(config, work)


def learn(run: Run, config: dict[str, Any]) -> None:
    """One run: load the data, fit, then score and sample the best weights."""
    pl.seed_everything(config["seed"], verbose=False)
    data = load_data(config)
    model = build_model(config, data.space)
    if config["init_from"] is not None:
        start_from(model, config)
    run.write_result(**facts(config, data, model))
    stops, watching = stopper(run, config), watchers(config, data, model)
    watching += [] if stops is None else [Pruning(stops)]
    trainer = make_trainer(run, config, watching, selects=len(data.parts.validation) > 0)
    with summarized(trainer) as summary:
        try:
            fit(run, config, trainer, data, model)
        except Pruned as pruned:
            summary["validation/nats_per_dim"] = pruned.figure
            run.write_result(status="pruned", metrics=summary)
            return
        # Figures come from float32, whatever the precision of training, as from a run that is restored.
        chosen = read_checkpoint(run.checkpoint("best"))
        model.float().load_state_dict(model_weights(chosen))
        model.eval().to(device_of(config["trainer"]))
        summary |= figures(model, data.parts, config)
        run.write_result(metrics=summary, chosen_step=chosen["global_step"])
        watch_for_overfitting(run, trainer)
        print(f"drawing {config['task']['samples']} samples", file=sys.stderr, flush=True)
        noise = sample_noise(config, model)
        labels = labels_in_turn(model.space, len(noise), model.network.device)
        x = model.sample(len(noise), noise, condition=labels).cpu()
        samples = save_samples(data.codec, x, run.path, reference=data.parts.train[:1000])
        run.write_result(samples=samples.name)
        if config["task"].get("certify", True):
            certify_trained(run, model, examples(model, data.parts, x, labels), summary)
        run.write_result(status="done")
    run.keep_checkpoints(config["checkpoints"])


def load_data(config: dict[str, Any]) -> DataModule:
    data, evaluation = config["data"], config["evaluation"]
    scored = monitored_examples(evaluation["examples"])
    return DataModule(
        load_parts(config),
        batch_size=data["batch_size"],
        seed=config["seed"],
        stream=data.get("stream", False),
        validation_examples=scored,
        curves=evaluation.get("curves", 0),
        shift=data.get("shift", 0),
        mutation=data.get("mutation", 0.0),
    )


def start_from(model: AutoregressiveModel, config: dict[str, Any]) -> None:
    """Copies the best weights of another run.

    Raises:
        ConfigError: when they are of another shape.
    """
    path = config["init_from"]
    restored = restore(path)
    try:
        model.load_state_dict(restored.model.state_dict())
    except RuntimeError as error:
        found = difference({"model": restored.run.config["model"]}, {"model": config["model"]})
        reason = f"{found[0]}={found[1]} there, {found[2]} here" if found else f"{restored.model.space} there"
        raise ConfigError(f"init_from={path}: not the weights of this model and data: {reason}") from error


def facts(config: dict[str, Any], data: DataModule, model: AutoregressiveModel) -> dict[str, Any]:
    """What result.json says of a run beside its figures."""
    return {
        **environment(),
        "seed": config["seed"],
        "likelihood": build_likelihood(config["likelihood"], data.space, config["model"])[1],
        "parameters": sum(p.numel() for p in model.parameters()),
        "fold": config["cv"]["fold"],
        "repeat": None if config["cv"]["fold"] is None else config["cv"]["repeat"],
        "split": data.parts.split,
        "data_checksum": data.parts.checksum,
        "data_files": data.parts.files,
        "notes": notes(config, data),
        "threads": torch.get_num_threads(),
    }


def notes(config: dict[str, Any], data: DataModule) -> list[str]:
    """What a reader of the figures must know of the data and of the weights that are scored."""
    last = config["learner"].get("select") == "last" and len(data.parts.validation) > 0
    note = "learner.select=last: the figures are of the last weights; none were chosen by the validation part"
    return [*data.notes, *([note] if last else [])]


def watch_for_overfitting(run: Run, trainer: pl.Trainer) -> None:
    """Writes the gap of a scored run with its verdict, and curves.png, which goes to W&B as well."""
    validation = [figure for _, figure in curve(run.path, "validation/nats_per_dim")]
    run.write_result(**of_one_run(run.result["metrics"], validation))
    picture = save_curves(run.path, run.result)
    for logger in trainer.loggers:
        if picture is not None and isinstance(logger, WandbLogger):
            logger.log_image("curves", images=[str(picture)])


def fit(run: Run, config: dict[str, Any], trainer: pl.Trainer, data: DataModule, model: AutoregressiveModel) -> None:
    """Maximizes the likelihood of the training part, from last.ckpt where there is one."""
    every = config["trainer"]["val_check_interval"]
    if isinstance(every, int) and every > data.batches_per_epoch and config["trainer"]["check_val_every_n_epoch"]:
        raise ConfigError(
            f"trainer.val_check_interval={every}: an epoch has {data.batches_per_epoch} batches; use at most as many"
        )
    learner, last = make_learner(config, data, model), last_checkpoint(run)
    if last is not None:
        reached = read_checkpoint(last)
        run.write_result(resumed_at_step=reached["global_step"])
        trainer.loggers[0].rewind(reached["metrics_csv"])
    before, began = run.result.get("training_seconds", 0.0), time.monotonic()
    try:
        run.write_result(notes=[*notes(config, data), *estimate(model, data)])
        if learns(model):
            with together(run.path, trainer.world_size, device_of(config["trainer"])):
                trainer.fit(learner, data, ckpt_path=last, weights_only=True)
        else:
            keep(run, model, data)
    finally:
        seconds = round(before + time.monotonic() - began, 3)
        device, count = str(trainer.strategy.root_device), trainer.world_size
        run.write_result(device=device, processes=count, steps=trainer.global_step, training_seconds=seconds)


def make_learner(config: dict[str, Any], data: DataModule, model: AutoregressiveModel) -> MaximumLikelihood:
    """The learner of a model; every process that trains the run has one."""
    if config["learner"]["compile"]:
        model.network.compile()
    data.blocks = model.network.text_blocks
    optimizer, schedule = partial(config["optimizer"]), build(config["scheduler"])
    return MaximumLikelihood(model, data.codec, optimizer, schedule, data.stream)


def last_checkpoint(run: Run) -> Path | None:
    """Where training goes on, if it is begun."""
    last = run.checkpoint("last")
    return last if last.exists() else None


def watchers(config: dict[str, Any], data: DataModule, model: AutoregressiveModel) -> list[pl.Callback]:
    """Curves, gallery and progress bar, in the units of the raw data."""
    symbols = data.codec.kind, data.space.dims
    unit, dims = {"image": ("images", 1), "vector": ("rows", 1)}.get(data.space.kind, symbols)
    sample = data.parts.train[: data.space.dims] if data.parts.is_stream else data.parts.train[:1]
    charge = float(data.codec.charge(model.cast(sample)).mean())
    gallery = Gallery(sample_noise(config, model), bind(render, data.codec))
    return [Curves(charge), gallery, Bar(unit, dims, charge)]


def sample_noise(config: dict[str, Any], model: AutoregressiveModel) -> Tensor:
    """The noise of a run's samples: gallery and last picture show the same draws."""
    return model.draw_noise(config["task"]["samples"], torch.Generator().manual_seed(config["seed"]))
