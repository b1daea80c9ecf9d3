"""What every key of a config may be, one class a choice; data and trainer have their own files."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ar_lab.schema.cv import CV
from ar_lab.schema.data import SOURCES, OwnData
from ar_lab.schema.launcher import LAUNCHERS
from ar_lab.schema.sweep import SWEEPS
from ar_lab.schema.trainer import Trainer
from ar_lab.schema.types import (
    Below1,
    Betas,
    Count,
    Fraction,
    Inside,
    Labels,
    Location,
    Name,
    Natural,
    NonNegative,
    Positive,
    Section,
    Seed,
    Unit,
)


class CharRNN(Section):
    name: Name
    cell: Literal["lstm", "gru", "rnn", "mingru"]
    hidden: Count
    layers: Count
    dropout: Below1
    ngrams: Count
    buckets: Count
    prior: Literal["ngram"] | None = None  # the config of an older run may lack it
    prior_order: Count = 5


class Logistic(Section):
    name: Name
    rank: Count
    max_weights: Count


class MADE(Section):
    name: Name
    hidden: Annotated[list[Count], Field(min_length=1)]
    masks: Count
    ordering: Literal["natural", "reversed", "random"]
    ordering_seed: Seed
    rank: Count


class NADE(Section):
    name: Name
    hidden: Count
    rank: Count


class Transformer(Section):
    name: Name
    layers: Count
    width: Count
    heads: Count
    positions: Literal["rotary", "learned"]
    window: Count | None
    norm: Literal["layernorm", "rmsnorm"]
    qk_norm: bool
    mlp: Literal["gelu", "relu2", "swiglu"]
    tied: bool
    dropout: Below1
    ngrams: Count
    buckets: Count
    prior: Literal["ngram"] | None = None  # the config of an older run may lack it
    prior_order: Count = 5


class NGram(Section):
    name: Name
    order: Count
    symbols: Count


class PixelCNN(Section):
    name: Name
    features: Annotated[int, Field(ge=2)]  # half of them, of an image, see the rows above
    layers: Annotated[int, Field(ge=2)]
    kernel: Annotated[int, Field(ge=3)]
    dropout: Below1


class PlainPixelCNN(Section):
    name: Name
    features: Annotated[int, Field(ge=2)]  # the blocks work at half of them
    layers: Count
    kernel: Annotated[int, Field(ge=3)]
    dropout: Below1


class PixelCNNPP(Section):
    name: Name
    features: Count
    layers: Count
    resolutions: Count
    dropout: Below1


class PixelSNAIL(Section):
    name: Name
    features: Count
    blocks: Count
    layers: Count
    attention: Count
    dropout: Below1


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


class Train(Section):
    name: Literal["train"]
    samples: Count
    certify: bool = True  # the config of an older run may lack it
    stride: Count | None


class Evaluate(Section):
    name: Literal["evaluate"]
    stride: Count | None


class Certify(Section):
    name: Literal["certify"]
    seconds: Positive | None


class Reproduce(Section):
    name: Literal["reproduce"]


SamplerName = Literal["naive", "cached", "jacobi"]


class Sample(Section):
    name: Literal["sample"]
    count: Count
    temperature: Positive
    top_k: Count | None
    top_p: Fraction | None
    sampler: SamplerName
    block: Count | None
    verify: SamplerName | None
    condition: Labels | None
    prompt: Annotated[str, Field(min_length=1)] | None
    length: Count | None
    stream: bool
    complete: Annotated[str, Field(min_length=1)] | None
    completions: Count


class Summarize(Section):
    name: Literal["summarize"]


class List(Section):
    name: Literal["list"]
    path: Location


class Learner(Section):
    ema: Inside | None
    patience: Count | None
    save_seconds: NonNegative
    compile: bool


class Evaluation(Section):
    examples: Count | None
    batch_size: Count


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
    "model": {
        "ar_lab.models.charrnn.CharRNN": CharRNN,
        "ar_lab.models.logistic.Logistic": Logistic,
        "ar_lab.models.made.MADE": MADE,
        "ar_lab.models.nade.NADE": NADE,
        "ar_lab.models.transformer.Transformer": Transformer,
        "ar_lab.models.ngram.NGram": NGram,
        "ar_lab.models.pixelcnn.PixelCNN": PixelCNN,
        "ar_lab.models.pixelcnn_plain.PlainPixelCNN": PlainPixelCNN,
        "ar_lab.models.pixelcnn_pp.PixelCNNPP": PixelCNNPP,
        "ar_lab.models.pixelsnail.PixelSNAIL": PixelSNAIL,
    },
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
TASKS: dict[str, type[Section]] = {
    "train": Train,
    "evaluate": Evaluate,
    "certify": Certify,
    "sample": Sample,
    "reproduce": Reproduce,
    "summarize": Summarize,
    "list": List,
}
# Sections whose class is chosen by one of their keys.
CHOSEN: dict[str, tuple[str, dict[str, type[Section]]]] = {
    "task": ("name", TASKS),
    "sweep": ("strategy", SWEEPS),
    "launcher": ("name", LAUNCHERS),
}
PLAIN: dict[str, type[Section]] = {"cv": CV, "learner": Learner, "evaluation": Evaluation}
