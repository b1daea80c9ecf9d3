"""What is put beside the figures of a model: fitted by counting, on the same test part."""

from typing import Any

import torch
from torch import Tensor

from ar_lab.data.parts import Parts
from ar_lab.evaluation.baseline import FactorizedBaseline, ngram_baseline
from ar_lab.tasks.scored import named, score


def baselines(parts: Parts, test: list[tuple[Tensor, Tensor | None]], config: dict[str, Any]) -> dict[str, Any]:
    """The figures of what is fitted by counting, on what is scored of the test part."""
    factorized = FactorizedBaseline(parts.codec.space, parts.codec, parts.train)
    found = named("baseline", factorized.score(torch.cat([x for x, _ in test])), parts)
    if not parts.is_stream:
        return found
    ngram = ngram_baseline(parts.codec.space, parts.train)
    return found | named("ngram", torch.cat([score(ngram, parts, x, config) for x, _ in test]), parts)
