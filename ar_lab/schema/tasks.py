"""What every key of a task may be."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ar_lab.schema.types import (
    Count,
    Fraction,
    Inside,
    Labels,
    Lanes,
    Location,
    Names,
    Natural,
    Positive,
    Section,
    Unit,
)


class Train(Section):
    name: Literal["train"]
    samples: Count
    certify: bool = True  # the config of an older run may lack it
    stride: Count | None


class Evaluate(Section):
    name: Literal["evaluate"]
    stride: Count | None
    scoring: Literal["stream", "windows"]
    example: Natural | None
    dynamic: bool
    dynamic_lr: Positive
    dynamic_decay: Unit


class Compare(Section):
    name: Literal["compare"]
    runs: Annotated[list[Location], Field(min_length=2)]


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


class Score(Section):
    name: Literal["score"]
    outliers: Names | None
    background: Location | None
    local: Location | None
    examples: Count
    groups: list[Annotated[int, Field(ge=2)]]
    input: Location | None
    alarm_rate: Inside
    by: Annotated[str, Field(min_length=1)] | None
    unit: Literal["line", "window"] | None


class Compress(Section):
    name: Literal["compress"]
    input: Location | None
    output: Location | None
    lanes: Lanes | None
    precision: Positive | None
    embed_model: bool
    weights: Literal["fp32", "fp16"]
    online: bool
    online_lr: Positive
    online_segment: Count
    prequential: bool
    check: bool


class Decompress(Section):
    name: Literal["decompress"]
    input: Location
    output: Location | None


class Verify(Section):
    name: Literal["verify"]
    input: Location
    original: Location | None


class Summarize(Section):
    name: Literal["summarize"]


class List(Section):
    name: Literal["list"]
    path: Location


OBJECTIVES = ("forward_kl", "reverse_kl", "js", "tv", "hellinger", "chi2")


def _objectives(value: Any) -> list[str]:
    """The names of the divergences that are minimized, in the order of the table."""
    names = list(OBJECTIVES) if value == "all" else value if isinstance(value, list) else [value]
    if not names or not set(map(str, names)) <= set(OBJECTIVES):
        raise ValueError(f"must be all, or one or a list of {', '.join(OBJECTIVES)}")
    return [name for name in OBJECTIVES if name in names]


class Divergence(Section):
    name: Literal["divergence"]
    family: Literal["auto", "gaussian", "factorized", "markov", "model"]
    order: Count
    objective: Annotated[Any, AfterValidator(_objectives)]
    estimator: Literal["auto", "exact", "sampled"]
    restarts: Count | None
    steps: Count
    lr: Positive | None
    samples: Annotated[int, Field(ge=2)]
    draws: Annotated[int, Field(ge=2)]


TASKS: dict[str, type[Section]] = {
    "train": Train,
    "evaluate": Evaluate,
    "compare": Compare,
    "certify": Certify,
    "sample": Sample,
    "score": Score,
    "compress": Compress,
    "decompress": Decompress,
    "verify": Verify,
    "reproduce": Reproduce,
    "summarize": Summarize,
    "list": List,
    "divergence": Divergence,
}
