"""What every key of a data source may be."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ar_lab.schema.types import (
    Below1,
    Count,
    Fraction,
    Inside,
    LabelNames,
    Location,
    Locations,
    Name,
    Natural,
    Positive,
    Section,
    Seed,
    Unit,
)


class Data(Section):
    name: Name
    fraction: Fraction
    validation: Below1
    batch_size: Count
    epochs: Count


class Images(Data):
    split_seed: Seed
    condition: bool = False  # the config of an older run may lack it, and what follows
    shift: Natural = 0
    mutation: Unit = 0.0
    only: LabelNames | None = None


class Digits(Images):
    levels: Annotated[int, Field(ge=2, le=17)]
    test: Inside


class TorchvisionImages(Images):
    root: Location
    cache: Location
    levels: Annotated[int, Field(ge=2, le=256)]


class BinaryMNIST(Images):
    root: Location
    cache: Location
    binarization_seed: Seed


class ImageFiles(Images):
    path: Location
    groups: Literal["folder"] | None
    levels: Annotated[int, Field(ge=2, le=256)]
    test: Inside


class Text(Data):
    codec: Literal["characters", "bytes"]
    unknown: bool
    context: Count
    stream: bool
    mutation: Unit = 0.0  # the config of an older run may lack it


class PyDocs(Text):
    test: Inside


class Shakespeare(Text):
    path: Location | None
    root: Location
    cache: Location


class TextFiles(Text):
    path: Locations
    test: Inside


class Table(Data):
    path: Location | None
    split_seed: Seed
    test: Inside
    label: Annotated[str, Field(min_length=1)] | None = None  # the config of an older run may lack it, and the next
    only: LabelNames | None = None


class Drawn(Data):
    """What is drawn from a known distribution: so many examples or symbols in all, by a seed of their own."""

    size: Annotated[int, Field(ge=10)]
    draw_seed: Seed
    test: Inside


class KnownText(Drawn):
    levels: Annotated[int, Field(ge=2, le=26)]
    concentration: Annotated[float, Field(ge=0.01, le=1000)]
    source_seed: Seed
    context: Count
    stream: bool


class Markov(KnownText):
    order: Annotated[int, Field(ge=1, le=12)]


class HMM(KnownText):
    states: Annotated[int, Field(ge=2, le=100)]
    stay: Below1


class Ising(Drawn):
    height: Annotated[int, Field(ge=1, le=64)]
    width: Annotated[int, Field(ge=1, le=12)]
    beta: Annotated[float, Field(ge=-10, le=10)]
    field: Annotated[float, Field(ge=-10, le=10)]
    split_seed: Seed


class Mixture(Drawn):
    components: Annotated[int, Field(ge=1, le=1000)]
    spread: Annotated[float, Field(ge=0, le=1000)]
    source_seed: Seed
    split_seed: Seed


class Ring(Drawn):
    radius: Positive
    width: Positive
    modulation: Unit
    petals: Count
    split_seed: Seed


class OwnData(Data):
    """A data source of the user's own package: the keys that are not its constructor's."""

    model_config = ConfigDict(extra="allow")
    stream: bool = False
    shift: Natural = 0
    mutation: Unit = 0.0
    fraction: Fraction = 1.0
    validation: Below1 = 0.0


SOURCES: dict[str, type[Section]] = {
    "ar_lab.data.images.Digits": Digits,
    "ar_lab.data.images.MNIST": TorchvisionImages,
    "ar_lab.data.images.FashionMNIST": TorchvisionImages,
    "ar_lab.data.images.CIFAR10": TorchvisionImages,
    "ar_lab.data.images.BinaryMNIST": BinaryMNIST,
    "ar_lab.data.images.ImageFiles": ImageFiles,
    "ar_lab.data.text.PyDocs": PyDocs,
    "ar_lab.data.text.Shakespeare": Shakespeare,
    "ar_lab.data.text.TextFiles": TextFiles,
    "ar_lab.data.tables.Table": Table,
    "ar_lab.data.known.Markov": Markov,
    "ar_lab.data.known.HMM": HMM,
    "ar_lab.data.known.Ising": Ising,
    "ar_lab.data.known.Mixture": Mixture,
    "ar_lab.data.known.Ring": Ring,
}
