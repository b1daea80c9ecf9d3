"""The types that values of a config have: strict, with a range where there is one."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _absolute(path: str) -> str:
    """A run is read from other directories than the one it was started in."""
    return str(Path(path).expanduser().absolute())


def _limit(number: int) -> int:
    if number == -1 or number >= 1:
        return number
    raise ValueError("must be at least 1, or -1 for no limit")


def _one_or_more(paths: Any) -> Any:
    return paths if isinstance(paths, list) else [paths]


def _labels(value: Any) -> Any:
    labels = value if isinstance(value, list) else [value]
    if labels and all(type(label) is int and label >= 0 for label in labels):
        return value
    raise ValueError("must be a label (0, 1, …) or a list of them")


Count = Annotated[int, Field(ge=1)]
Order = Annotated[int, Field(ge=1, le=32)]  # of n-grams; the memory of counting grows with its square
Lanes = Annotated[int, Field(ge=1, le=2**16)]  # coded side by side
Natural = Annotated[int, Field(ge=0)]
Limit = Annotated[int, AfterValidator(_limit)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # what numpy's generators take
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Below1 = Annotated[float, Field(ge=0, lt=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
Unit = Annotated[float, Field(ge=0, le=1)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Betas = Annotated[list[Below1], Field(min_length=2, max_length=2)]
Name = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]  # part of the run directory's name
Location = Annotated[str, Field(min_length=1), AfterValidator(_absolute)]
Locations = Annotated[list[Location], Field(min_length=1), BeforeValidator(_one_or_more)]

Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1), BeforeValidator(_one_or_more)]
LabelNames = Annotated[list[int | str], Field(min_length=1), BeforeValidator(_one_or_more)]
Labels = Annotated[Any, BeforeValidator(_labels)]


class Section(BaseModel):
    """A node of the config: no other keys than these, no conversions but from integer to float."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
