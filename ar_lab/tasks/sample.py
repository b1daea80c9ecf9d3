"""task=sample: examples drawn from a trained model."""

from typing import Any

import torch
from torch import Tensor

from ar_lab import runs
from ar_lab.errors import ConfigError
from ar_lab.model import AutoregressiveModel
from ar_lab.report.bar import Bar
from ar_lab.report.sample_lines import sample_lines
from ar_lab.restore import Restored, restore
from ar_lab.schema.sampling import refusals
from ar_lab.tasks.completion import completion_request
from ar_lab.tasks.examples import example_request
from ar_lab.tasks.texts import Stream, text_request
from ar_lab.tasks.unrolling import Cost, Request, compared, manner, unrolled
from ar_lab.trainer import device_of

UNITS = {"image": "images", "vector": "rows"}  # and of a sequence what its codec calls its symbols


def sample(config: dict[str, Any]) -> None:
    """Draws examples from a run's best checkpoint into RUN/sample/: pictures or text, and what they took.

    Raises:
        ConfigError: for what the run's data or labels cannot answer.
    """
    task, restored = config["task"], restore(config["run"])
    space = restored.codec.space
    for refusal in refusals(task, space.kind, space.discrete, space.classes is not None):
        raise ConfigError(refusal)  # of a source of the user's own, which the schema knows nothing of
    model = restored.model.to(device_of(config["trainer"]))
    request = requested(model, restored, config)
    stream = Stream(restored.codec, task["prompt"]) if task["stream"] else None
    batch_size = 1 if stream else config["evaluation"]["batch_size"]
    x, cost = drawn(request, task, task["sampler"], batch_size, stream)
    result = summary(config, restored, request, cost)
    if task["verify"] is not None:
        again, _ = drawn(request, task, task["verify"], batch_size)
        result["verify"] = {"sampler": task["verify"], **compared(x, again)}
    directory = restored.run.subdirectory("sample")
    runs.write_json(directory / "result.json", result)
    path = request.save(x, directory)
    if path.suffix == ".txt" and stream is None:
        print(path.read_text(encoding="utf-8", errors="replace"))
    print(*sample_lines(result), path, sep="\n")


def requested(model: AutoregressiveModel, restored: Restored, config: dict[str, Any]) -> Request:
    """Completions, texts, or examples of which nothing is known."""
    if config["task"]["complete"] is not None:
        return completion_request(model, restored, config)
    request = text_request if restored.codec.space.kind == "sequence" else example_request
    return request(model, restored.codec, config["task"], config["seed"])


def drawn(
    request: Request, task: dict[str, Any], sampler: str, batch_size: int, stream: Stream | None = None
) -> tuple[Tensor, Cost]:
    """The examples of a request by a sampler, under a progress bar unless their text is printed as it comes."""
    count, dims = request.x.shape
    with Bar(f"drawing {count} ({sampler})", count * (dims - request.begin), shown=stream is None) as bar:
        x, cost = unrolled(request, manner(task, sampler), batch_size, bar, stream)
    if stream is not None:
        stream.end()
    return x, cost


def summary(config: dict[str, Any], restored: Restored, request: Request, cost: Cost) -> dict[str, Any]:
    """What result.json says of the draws."""
    task, codec = config["task"], restored.codec
    count, dims = request.x.shape
    text = codec.space.kind == "sequence"
    unit, made = (codec.kind, count * (dims - request.begin)) if text else (UNITS[codec.space.kind], count)
    return {
        "run": str(restored.run.path),
        "seed": config["seed"],
        **{key: value for key, value in task.items() if key not in ("name", "verify", "count")},
        "count": count,
        "dims": dims - request.begin,
        "passes": cost.passes,
        "seconds": round(cost.seconds, 4),
        "unit": unit,
        f"{unit}_per_second": round(made / cost.seconds, 2),
        "device": str(request.x.device),
        "threads": torch.get_num_threads(),
        "exact": request.approximate is None,
        "notes": [] if request.approximate is None else [f"approximate: {request.approximate}"],
    }
