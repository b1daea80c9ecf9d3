"""The figures of a trained model on the three parts of its data: the metrics of result.json."""

import sys
from typing import Any

import torch

from ar_lab.data.parts import Parts
from ar_lab.evaluation.figures import check_finite
from ar_lab.model import AutoregressiveModel
from ar_lab.tasks.baselines import baselines
from ar_lab.tasks.known import against_distribution
from ar_lab.tasks.scored import monitored_examples, named, score, select


def figures(
    model: AutoregressiveModel, parts: Parts, config: dict[str, Any], intervals: bool = False
) -> dict[str, Any]:
    """The metrics of result.json: `train/…`, `validation/…`, `test/…`, and of the test part `baseline/…`, `ngram/…`.

    `intervals` adds those of 95 %, `…_ci95`, and the sums over all that was scored.

    Raises:
        DivergenceError: when the figure of a part is no finite number.
    """
    limit = config["evaluation"]["examples"]
    limits = {"train": monitored_examples(limit), "validation": monitored_examples(limit), "test": limit}
    if not len(parts.validation):
        del limits["validation"]
    scored = {name: select(parts, name, limits[name]) for name in limits}
    metrics: dict[str, Any] = {}
    for name, pieces in scored.items():
        count = f"{sum(len(x) for x, _ in pieces):,} {parts.codec.kind if parts.is_stream else 'examples'}"
        print(f"scoring {name}: {count}", file=sys.stderr, flush=True)
        nll = torch.cat([score(model, parts, x, config, condition) for x, condition in pieces])
        check_finite(name, nll)
        metrics |= named(name, nll, parts, intervals, config["seed"])
    metrics |= against_distribution(model, parts, scored["test"], metrics, nll, config)  # the last is that of test
    return metrics | baselines(parts, scored["test"], config)
