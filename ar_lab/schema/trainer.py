"""The arguments of Lightning's Trainer, known without importing Lightning."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict

from ar_lab.schema.types import Count, Limit, Natural, NonNegative, Section

# The signature of pytorch_lightning.Trainer (2.6), which a test holds this list against.
_SIGNATURE = """
    accelerator strategy devices num_nodes precision logger callbacks fast_dev_run max_epochs min_epochs max_steps
    min_steps max_time limit_train_batches limit_val_batches limit_test_batches limit_predict_batches overfit_batches
    val_check_interval check_val_every_n_epoch num_sanity_val_steps log_every_n_steps enable_checkpointing
    enable_progress_bar enable_model_summary accumulate_grad_batches gradient_clip_val gradient_clip_algorithm
    deterministic benchmark inference_mode use_distributed_sampler profiler detect_anomaly barebones plugins
    sync_batchnorm reload_dataloaders_every_n_epochs default_root_dir enable_autolog_hparams model_registry
    """
TRAINER_ARGUMENTS = frozenset(_SIGNATURE.split())
# What the task itself gives the Trainer, and what would leave no checkpoint or no curve behind.
_SET_BY_TASK = """
    logger callbacks plugins default_root_dir enable_checkpointing enable_model_summary num_sanity_val_steps
    use_distributed_sampler barebones fast_dev_run enable_progress_bar
    """
SET_BY_TASK = frozenset(_SET_BY_TASK.split())


def _duration(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d+:\d\d:\d\d:\d\d", value) and re.search("[1-9]", value):
        return value
    raise ValueError("must be DD:HH:MM:SS and above zero, as in 00:00:30:00 for half an hour")


def _interval(value: Any) -> Any:
    if (type(value) is int and value >= 1) or (type(value) is float and 0 < value <= 1):
        return value
    raise ValueError("must be a number of batches (1, 2, …) or a share of the epoch (above 0.0, to 1.0)")


def _part(value: Any) -> Any:
    if (type(value) is int and value >= 0) or (type(value) is float and 0 <= value <= 1):
        return value
    raise ValueError("must be a number of batches (0, 1, 2, …) or a share of them (0.0 to 1.0)")


def _some(value: Any) -> Any:
    if _part(value) > 0:
        return value
    raise ValueError("must be above 0; null takes all batches")


def _some_validation(value: Any) -> Any:
    if _part(value) > 0:
        return value
    raise ValueError("must be above 0; to train without validation, give data.validation=0")


def _one(value: Any) -> Any:
    if type(value) is int and value == 1:
        return value
    raise ValueError("must be 1: a run trains on one machine")


def _devices(value: Any) -> Any:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError("must be a number (1, 2, …) or auto for all GPUs; choose which by CUDA_VISIBLE_DEVICES")


def _precision(value: Any) -> Any:
    choices = "64-true 32-true 16-true bf16-true 16-mixed bf16-mixed transformer-engine transformer-engine-float16"
    if str(value) in (*choices.split(), "64", "32", "16", "bf16"):
        return value
    raise ValueError(f"must be one of {', '.join(choices.split())}")


Duration = Annotated[Any, BeforeValidator(_duration)]
Interval = Annotated[Any, BeforeValidator(_interval)]
Part = Annotated[Any, BeforeValidator(_part)]
Some = Annotated[Any, BeforeValidator(_some)]
SomeValidation = Annotated[Any, BeforeValidator(_some_validation)]
One = Annotated[int, BeforeValidator(_one)]
Devices = Annotated[Any, BeforeValidator(_devices)]
Precision = Annotated[Any, BeforeValidator(_precision)]


class Trainer(Section):
    """The arguments that ar_lab sets or people change; any other of Lightning's is held against its name alone."""

    model_config = ConfigDict(extra="allow")

    max_epochs: Limit | None
    max_steps: Limit
    max_time: Duration | None
    check_val_every_n_epoch: Count | None
    val_check_interval: Interval | None
    gradient_clip_val: NonNegative | None
    accumulate_grad_batches: Count
    precision: Precision
    accelerator: Literal["auto", "cpu", "gpu", "cuda"]
    devices: Devices
    strategy: Literal["auto", "ddp"]
    log_every_n_steps: Natural
    deterministic: Literal[True, False, "warn"]
    min_epochs: Natural | None = None
    min_steps: Natural | None = None
    num_nodes: One = 1
    limit_train_batches: Some | None = None
    limit_val_batches: SomeValidation | None = None
    overfit_batches: Part = 0.0
    gradient_clip_algorithm: Literal["norm", "value"] | None = None
    benchmark: bool | None = None
    detect_anomaly: bool = False
