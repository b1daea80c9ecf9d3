"""task=compare: trained runs on the very same held-out examples, by paired differences."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from ar_lab import runs
from ar_lab.data.parts import Parts, fixed_subset
from ar_lab.errors import ConfigError
from ar_lab.evaluation.figures import check_finite
from ar_lab.evaluation.pairs import paired
from ar_lab.evaluation.resampling import holm
from ar_lab.report.comparison import print_comparison, save_scores
from ar_lab.report.comparison_plot import save_comparison
from ar_lab.report.found import show_found
from ar_lab.restore import Restored, restore
from ar_lab.tasks.comparable import refusal
from ar_lab.tasks.loading import parts_of
from ar_lab.tasks.place import check_output, new_directory
from ar_lab.tasks.scored import named, score, select
from ar_lab.trainer import device_of


@dataclass(frozen=True)
class Entrant:
    """A run, its data by its own config, and what is scored of their test part."""

    restored: Restored
    parts: Parts
    config: dict[str, Any]
    test: list[tuple[Tensor, Tensor | None]]

    @property
    def path(self) -> str:
        return str(self.restored.run.chosen or self.restored.run.path)


def compare(config: dict[str, Any]) -> None:
    """Scores the test part by every run of `task.runs`, and compares them two by two.

    Raises:
        ConfigError: when two of them are not about the same held-out data; the line names both.
    """
    check_output(config)
    entrants = [entrant(path) for path in config["task"]["runs"]]
    for other in entrants[1:]:
        if reason := refusal(entrants[0].parts, entrants[0].test, other.parts, other.test):
            raise ConfigError(f"task.runs: {entrants[0].path} and {other.path} cannot be compared: {reason}")
    names = naming([one.path for one in entrants])
    device = device_of(config["trainer"])
    scores = {name: scored(name, one, device) for name, one in zip(names, entrants, strict=True)}
    result = compared(scores, dict(zip(names, entrants, strict=True)), config["seed"])
    directory = new_directory(config)
    runs.write_json(directory / "compare.json", result)
    save_scores(scores, places(entrants[0]), directory)
    save_comparison(scores, result, directory)
    print_comparison(result)
    show_found("compare", flat(result), directory, config["logger"])
    print(directory)


def entrant(path: str) -> Entrant:
    run = runs.find(path, key="task.runs")
    restored, config = restore(run.chosen or run.path), run.config
    parts = parts_of(run, config)
    return Entrant(restored, parts, config, select(parts, "test", config["evaluation"]["examples"]))


def places(one: Entrant) -> list[int] | None:
    """Where the scored examples lie in the test part; None for all of it, and for a text, which is cut in blocks."""
    limit = one.config["evaluation"]["examples"]
    if one.parts.is_stream or limit is None:
        return None
    return fixed_subset(one.parts.test, limit, one.parts.codec.space.dims).tolist()


def naming(paths: Sequence[str]) -> list[str]:
    """The shortest ends of the paths that tell them apart.

    Raises:
        ConfigError: for one that is given twice.
    """
    for path, count in Counter(paths).items():
        if count > 1:
            raise ConfigError(f"task.runs: names {path} twice; give each once")
    parts, depth = [path.split("/") for path in paths], 1
    while len({tuple(part[-depth:]) for part in parts}) < len(parts):
        depth += 1
    return ["/".join(part[-depth:]) for part in parts]


def scored(name: str, one: Entrant, device: torch.device) -> Tensor:
    """-log p of what is scored of the test part, in nats: `(examples, dims)`, or `(length,)` of a text."""
    print(f"scoring test by {name}", file=sys.stderr, flush=True)
    model = one.restored.model.to(device)
    nll = torch.cat([score(model, one.parts, x, one.config, condition) for x, condition in one.test])
    check_finite(name, nll)
    return nll


def compared(scores: dict[str, Tensor], entrants: dict[str, Entrant], seed: int) -> dict[str, Any]:
    """Every run with its figures, the best first, and every pair of them, the better one first."""
    order = sorted(scores, key=lambda name: float(scores[name].double().mean()))
    parts = entrants[order[0]].parts
    figures = {name: named("test", scores[name], parts, intervals=True, seed=seed) for name in order}
    pairs = [
        {"first": one, "second": two, **asdict(paired(scores[one], scores[two], seed))}
        for one, two in combinations(order, 2)
    ]
    for pair, p in zip(pairs, holm([pair["p"] for pair in pairs]), strict=True):
        pair["p_holm"] = p
    return {
        "runs": [{"name": name, **described(entrants[name]), **figures[name]} for name in order],
        "pairs": pairs,
        "observations": "blocks of 1,000 symbols" if parts.is_stream else "examples",
        "data": entrants[order[0]].config["data"]["name"],
        "test_hash": parts.split["test_hash"],
    }


def described(one: Entrant) -> dict[str, Any]:
    parameters = sum(parameter.numel() for parameter in one.restored.model.parameters())
    return {"path": one.path, "model": one.config["model"]["name"], "parameters": parameters}


def flat(result: dict[str, Any]) -> dict[str, Any]:
    """The figures by flat names, for W&B."""
    figures = {f"{run['name']}/nats_per_dim": run["test/nats_per_dim"] for run in result["runs"]}
    for pair in result["pairs"]:
        name = f"{pair['first']}-{pair['second']}"
        figures |= {f"{name}/{key}": pair[key] for key in ("difference", "se", "p_holm") if pair[key] is not None}
    return figures
