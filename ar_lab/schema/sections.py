"""What every key of a config may be, one class a choice; data, models, tasks and trainer have their own files."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ar_lab.schema.cv import CV
from ar_lab.schema.data import SOURCES, OwnData
from ar_lab.schema.launcher import LAUNCHERS
from ar_lab.schema.networks import NETWORKS
from ar_lab.schema.sweep import SWEEPS
from ar_lab.schema.tasks import TASKS
from ar_lab.schema.trainer import Trainer
from ar_lab.schema.types import (
    Below1,
    Betas,
    Count,
    Inside,
    Location,
    Name,
    Natural,
    NonNegative,
    Positive,
    Section,
    Seed,
    Unit,
)


class Empty(Section):
    pass


class Mixture(Section):
    components: Count


class Adam(Section):
    lr: Positive
    betas: Betas
    weight_decay: NonNegative
    eps: Positive = 1e-8
    amsgrad: bool = False
    fused: bool | None = None


class SGD(Section):
    lr: Positive
    momentum: NonNegative
    nesterov: bool
    weight_decay: NonNegative
    dampening: NonNegative = 0.0


class MuonAdamW(Section):
    lr: Positive
    momentum: Below1
    betas: Betas
    weight_decay: NonNegative


class Constant(Section):
    warmup: Natural


class Cosine(Section):
    warmup: Natural
    floor: Unit


class Plateau(Section):
    factor: Inside
    patience: Natural


class Wandb(Section):
    """`project` and `mode`; the rest are wandb.init's own words."""

    project: str
    mode: Literal["online", "offline", "disabled", "shared"]
    entity: str | None = None
    group: str | None = None
    notes: str | None = None
    tags: list[str] | None = None


class Learner(Section):
    ema: Inside | None
    patience: Count | None
    select: Literal["best", "last"] = "best"  # the config of an older run may lack it
    save_seconds: NonNegative
    compile: bool


class Evaluation(Section):
    examples: Count | None
    batch_size: Count
    curves: Natural = 0  # the config of an older run may lack it


class Run(Section):
    """The top of the config but for its sections."""

    seed: Seed
    run: str | None
    output: Location | None
    init_from: Location | None
    refit: Location | None
    checkpoints: Annotated[int, Field(ge=0, le=2)]


class Own(Section):
    """Any other object of the user's own package, which knows its keys itself."""

    model_config = ConfigDict(extra="allow")


class OwnModel(Own):
    name: Name


CHOICES: dict[str, dict[str, type[Section]]] = {
    "data": SOURCES,
    "model": NETWORKS,
    "likelihood": {
        "auto": Empty,
        "ar_lab.likelihoods.bernoulli.Bernoulli": Empty,
        "ar_lab.likelihoods.categorical.Categorical": Empty,
        "ar_lab.likelihoods.gaussian_mixture.GaussianMixture": Mixture,
        "ar_lab.likelihoods.logistic_mixture.LogisticMixture": Mixture,
        "ar_lab.likelihoods.student_mixture.StudentMixture": Mixture,
    },
    "optimizer": {
        "torch.optim.AdamW": Adam,
        "torch.optim.Adam": Adam,
        "torch.optim.SGD": SGD,
        "ar_lab.optimizers.MuonAdamW": MuonAdamW,
    },
    "scheduler": {
        "ar_lab.schedules.Constant": Constant,
        "ar_lab.schedules.Cosine": Cosine,
        "ar_lab.schedules.Plateau": Plateau,
    },
    "trainer": {"pytorch_lightning.Trainer": Trainer},
    "logger": {
        "none": Empty,
        "pytorch_lightning.loggers.WandbLogger": Wandb,
        "pytorch_lightning.loggers.TensorBoardLogger": Empty,
    },
}
OWN = {"data": OwnData, "model": OwnModel, "likelihood": Own, "optimizer": Own, "scheduler": Own}
# Sections whose class is chosen by one of their keys.
CHOSEN: dict[str, tuple[str, dict[str, type[Section]]]] = {
    "task": ("name", TASKS),
    "sweep": ("strategy", SWEEPS),
    "launcher": ("name", LAUNCHERS),
}
PLAIN: dict[str, type[Section]] = {"cv": CV, "learner": Learner, "evaluation": Evaluation}
