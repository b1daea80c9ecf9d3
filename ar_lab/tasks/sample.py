"""task=sample: examples drawn from a trained model."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ar_lab import runs
from ar_lab.codecs.base import Codec
from ar_lab.errors import ConfigError
from ar_lab.model import AutoregressiveModel
from ar_lab.report.bar import Bar
from ar_lab.report.drawing import completion_grid, save_drawing
from ar_lab.report.pictures import save_samples
from ar_lab.restore import Restored, restore
from ar_lab.sampling.labels import labels_in_turn
from ar_lab.schema.sampling import refusals
from ar_lab.space import Space
from ar_lab.tasks.completion import completion_request
from ar_lab.tasks.texts import Stream, text_request
from ar_lab.tasks.unrolling import Cost, Request, compared, manner, seeded, unrolled
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
        raise ConfigError(refusal)
    model = restored.model.to(device_of(config["trainer"]))
    if task["complete"] is None:
        request = plain_request(model, restored.codec, config)
    else:
        request, originals, known = completion_request(model, restored, config)
    stream = Stream(restored.codec, task["prompt"]) if task["stream"] else None
    batch_size = 1 if stream else config["evaluation"]["batch_size"]
    x, cost = drawn(request, task, task["sampler"], batch_size, stream)
    result = summary(config, restored, request, cost)
    if task["verify"] is not None:
        result["verify"] = {
            "sampler": task["verify"],
            **compared(x, drawn(request, task, task["verify"], batch_size)[0]),
        }
    directory = restored.run.subdirectory("sample")
    runs.write_json(directory / "result.json", result)
    if task["complete"] is None:
        path = save(restored.codec, model, request, x, config["seed"], directory)
    else:
        path = save_completions(restored.codec, x, request, originals, known, config["seed"], directory)
    if path.suffix == ".txt" and stream is None:
        print(path.read_text(encoding="utf-8", errors="replace"))
    for line in lines(result):
        print(line)
    print(path)


def plain_request(model: AutoregressiveModel, codec: Codec, config: dict[str, Any]) -> Request:
    """`task.count` texts, or examples of which nothing is known."""
    task = config["task"]
    if codec.space.kind == "sequence":
        return text_request(model, codec, task, config["seed"])
    noise = model.draw_noise(task["count"], seeded(config["seed"]))
    labels = labels_of(task["condition"], codec.space, task["count"], noise.device)
    room = model.cast(torch.zeros(noise.shape, device=noise.device))
    return Request(room, 0, lambda rows, **how: model.draw(noise[rows], **how), labels)


def labels_of(condition: int | list[int] | None, space: Space, count: int, device: torch.device) -> Tensor | None:
    """The labels that are asked for, in turn; None for a space without classes.

    Raises:
        ConfigError: for a label that the data do not have.
    """
    if condition is None:
        return labels_in_turn(space, count, device)
    labels = condition if isinstance(condition, list) else [condition]
    if max(labels) >= space.classes:
        raise ConfigError(f"task.condition={condition}: the labels are 0..{space.classes - 1}")
    return torch.tensor(labels, device=device).repeat(-(-count // len(labels)))[:count]


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


def lines(result: dict[str, Any]) -> list[str]:
    """The figures of a result, for a person."""
    unit = result["unit"]
    speed = f"{result[f'{unit}_per_second']:,.1f} {unit}/s"
    took = f"{result['count']} drawn in {result['seconds']:.2f} s: {speed}, {result['passes']:,} passes"
    found = [f"{took} ({result['sampler']})", *result["notes"]]
    if "verify" in result:
        found.append(_verified(result["verify"], result["count"]))
    return found


def _verified(verify: dict[str, Any], count: int) -> str:
    if verify["differing"] == 0:
        return f"verified by {verify['sampler']}: the same {count} from the same noise"
    where = f"the first in dimension {verify['first_dimension']}, by at most {verify['largest']:.3g}"
    return f"verified by {verify['sampler']}: {verify['differing']} of {count} differ, {where}"


def save(codec: Codec, model: AutoregressiveModel, request: Request, x: Tensor, seed: int, directory: Path) -> Path:
    """samples.txt of a text; else samples.png and samples.npz, and of images drawing.gif."""
    path = save_samples(codec, x, directory)
    if codec.space.kind == "sequence":
        return path
    save_arrays(directory, seed, request, x=codec.decode(x))
    if codec.space.kind == "image":
        order = torch.arange(x.shape[1]) if model.network.order is None else model.network.order.cpu()
        save_drawing(x, codec.space, order, directory / "drawing.gif")
    return path


def save_completions(
    codec: Codec, x: Tensor, request: Request, originals: Tensor, known: Tensor, seed: int, directory: Path
) -> Path:
    """completions.png, a row an image, and completions.npz."""
    each = len(x) // len(originals)
    path = directory / "completions.png"
    completion_grid(originals.long(), x.unflatten(0, (-1, each)), known, codec.space).save(path)
    shape = (len(originals), each, *codec.space.shape)
    arrays = {"x": codec.decode(x).reshape(shape), "originals": codec.decode(originals)}
    save_arrays(directory, seed, request, **arrays, known=known.reshape(codec.space.shape).numpy())
    return path


def save_arrays(directory: Path, seed: int, request: Request, **arrays: np.ndarray) -> None:
    labels = {} if request.labels is None else {"labels": request.labels.cpu().numpy()}
    name = "samples" if "originals" not in arrays else "completions"
    np.savez_compressed(directory / f"{name}.npz", **arrays, **labels, seed=seed)
