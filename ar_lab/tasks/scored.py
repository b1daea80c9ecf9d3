"""Examples of a part, chosen and scored by a model, and their figures by name."""

from typing import Any

from torch import Tensor

from ar_lab.data.parts import Parts, fixed_subset
from ar_lab.evaluation.figures import example_figures, text_figures, total_figures
from ar_lab.evaluation.scoring import score_examples, score_stream
from ar_lab.model import AutoregressiveModel

MONITORED = 2000  # examples of the training and validation parts that are scored, the same ones for every run


def monitored_examples(limit: int | None) -> int:
    """How many examples of the training and validation parts are scored, by training and after it."""
    return MONITORED if limit is None else min(MONITORED, limit)


def select(parts: Parts, name: str, limit: int | None) -> list[tuple[Tensor, Tensor | None]]:
    """Examples with their labels: the stretches of a part (one, but of some text), or at most `limit` examples.

    Of a text, as many windows of the longest stretch.
    """
    if not parts.is_stream:
        return [parts.subset(name, limit)]
    stretches = parts.stretches(name)
    if limit is not None:
        longest = max(stretches, key=len)
        stretches = [longest[fixed_subset(longest, limit, parts.codec.space.dims)]]
    return [(stretch, None) for stretch in stretches]


def score(
    model: AutoregressiveModel, parts: Parts, x: Tensor, config: dict[str, Any], condition: Tensor | None = None
) -> Tensor:
    batch_size = config["evaluation"]["batch_size"]
    if parts.is_stream:
        return score_stream(model, parts.codec, x, config["task"]["stride"], batch_size)
    return score_examples(model, parts.codec, x, batch_size, condition)


def named(part: str, nll: Tensor, parts: Parts, intervals: bool = False, seed: int = 0) -> dict[str, Any]:
    """Figures by their names in result.json; with `intervals` also 95 % ones, and the sum over all that was scored."""
    discrete = parts.codec.space.discrete
    if parts.is_stream:
        found = text_figures(nll, parts.codec.kind, intervals, seed)
    else:
        found = example_figures(nll, discrete, intervals, seed)
    found |= total_figures(nll, discrete) if intervals else {}
    return {f"{part}/{name}": value for name, value in found.items()}
