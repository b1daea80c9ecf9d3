"""Units of a file that an alarm can be raised for: images, rows, and lines or windows of text, each with its scores."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, Shaped
from torch import Tensor

from ar_lab.data.image_files import image_paths
from ar_lab.data.parts import Parts
from ar_lab.data.text import characters
from ar_lab.errors import ConfigError
from ar_lab.evaluation.anomaly import scores
from ar_lab.evaluation.scoring import score_stream
from ar_lab.tasks.anomaly import MODEL, OTHERS, Scorer, Scores
from ar_lab.tasks.outliers import examples_of
from ar_lab.tasks.raw import coded, raw_of

UNITS = {"image": "image", "vector": "row"}


class Units(NamedTuple):
    """Where in the file every unit is, what its text is, and its scores."""

    where: list[str]
    text: list[str]
    scores: Scores


def unit_of(task: dict[str, Any], kind: str) -> str:
    """Raises ConfigError for a unit of text that is asked of other data."""
    if kind == "sequence":
        return task["unit"] or "line"
    if task["unit"] is not None:
        raise ConfigError(f"task.unit={task['unit']}: is of text, a unit of the run's data is one {UNITS[kind]}")
    return UNITS[kind]


def held_out_scores(scorer: Scorer, parts: Parts, unit: str, config: dict[str, Any]) -> Scores:
    """Every score of the test part's units, at most `task.examples` of them, cut as a file is."""
    count = config["task"]["examples"]
    if unit != "line":
        return scorer.scores(examples_of(parts, "test", count).x)
    per_stretch, left = [], count
    for stretch in parts.stretches("test"):
        spans = lines_of(parts.codec.decode(stretch))[:left]
        left -= len(spans)
        if len(spans):
            per_stretch.append(line_scores(scorer, parts, stretch[: spans[-1, 1]], spans))
    return {name: np.concatenate([some[name] for some in per_stretch]) for name in (per_stretch or [{}])[0]}


def units_of(scorer: Scorer, parts: Parts, unit: str, config: dict[str, Any]) -> Units:
    """The units of `task.input`.

    Raises:
        ConfigError: for a file that is none, or whose contents are not what the run's data are.
        DataError: for what cannot be read, or coded.
    """
    path, codec = Path(config["task"]["input"]), parts.codec
    if not path.exists():
        raise ConfigError(f"task.input={path}: no such file or folder")
    raw = raw_of(path, codec, config["data"].get("label"))
    if unit == "line":
        return _lines(scorer, parts, path, raw)
    x = coded(raw, codec, f"task.input={path}")
    if not len(x):
        raise ConfigError(f"task.input={path}: holds no {unit}")
    text = [_readable(example) for example in codec.decode(x)] if unit == "window" else [""] * len(x)
    return Units(_places(path, unit, x), text, scorer.scores(x))


def _places(path: Path, unit: str, x: Shaped[Tensor, "examples dims"]) -> list[str]:
    if unit == "image" and path.suffix != ".npz":
        return [str(p.relative_to(path)) for p in image_paths(path)] if path.is_dir() else [path.name]
    if unit == "window":
        return [f"characters {k * x.shape[1]}..{(k + 1) * x.shape[1] - 1}" for k in range(len(x))]
    return [f"{unit} {k if unit == 'image' else k + 1}" for k in range(len(x))]  # of an array from 0, of a table from 1


def _lines(scorer: Scorer, parts: Parts, path: Path, raw: bytes) -> Units:
    text = characters(str(path), raw) if parts.codec.kind == "characters" else raw
    spans = lines_of(text)
    if not len(spans):
        raise ConfigError(f"task.input={path}: holds no line of text")
    found = line_scores(scorer, parts, parts.codec.encode(text), spans)
    newline = "\n" if isinstance(text, str) else b"\n"
    numbers = np.cumsum([text.count(newline, a, b) for a, b in zip([0, *spans[:-1, 0]], spans[:, 0], strict=True)]) + 1
    return Units([f"line {n}" for n in numbers], [_readable(text[a:b]) for a, b in spans], found)


def _readable(text: str | bytes) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def lines_of(text: str | bytes) -> Int64[np.ndarray, "lines 2"]:
    """Where every line that is not empty begins and ends, its line break left out."""
    lengths = np.array([len(line) for line in text.split("\n" if isinstance(text, str) else b"\n")], dtype=np.int64)
    ends = np.cumsum(lengths + 1) - 1
    begins = ends - lengths
    return np.stack([begins, ends], axis=1)[ends > begins].reshape(-1, 2)


def line_scores(
    scorer: Scorer, parts: Parts, stream: Shaped[Tensor, " length"], spans: Int64[np.ndarray, "lines 2"]
) -> Scores:
    """Mean nats a character of every line, given all text before it, by the scores that lines have."""
    per_line = {name: _means(scorer, name, stream, spans) for name in scorer.runs}
    own = per_line[MODEL]
    found = {"likelihood": own, "typicality": scores.typicality(own, scorer.entropy / parts.codec.space.dims)}
    return found | {OTHERS[key]: scores.ratio(own, per_line[key]) for key in OTHERS if key in per_line}


def _means(
    scorer: Scorer, name: str, stream: Shaped[Tensor, " length"], spans: Int64[np.ndarray, "lines 2"]
) -> Float64[np.ndarray, " lines"]:
    run = scorer.runs[name]
    nats = scores.bounded(score_stream(run.model, run.codec, stream, None, scorer.batch_size).numpy()[:, None])[:, 0]
    total = np.append(0.0, nats.cumsum())
    return (total[spans[:, 1]] - total[spans[:, 0]]) / (spans[:, 1] - spans[:, 0])
