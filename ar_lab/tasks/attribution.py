"""Where the bits of the test part go, and whether its conditionals are calibrated: pictures, pages, tables of a run."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.codecs.text import REPLACEMENT
from ar_lab.data.parts import Parts, fixed_subset
from ar_lab.evaluation.calibration import Reliability, Transform
from ar_lab.evaluation.scoring import Piece, example_pieces, score_examples, stream_pieces
from ar_lab.likelihoods.base import ContinuousConditional, DiscreteConditional
from ar_lab.model import AutoregressiveModel
from ar_lab.report.bits import named_places, save_contexts, save_dimensions, save_symbols
from ar_lab.report.bits_plot import columns_plot, contexts_plot, heatmap
from ar_lab.report.calibration_plot import reliability_plot, transform_plot
from ar_lab.report.pictures import brightness
from ar_lab.report.surprisal import Symbol, save_surprisal
from ar_lab.tasks.scored import monitored_examples, score, select

SYMBOLS = 50_000  # of a text
PAGE = 4000  # of these on the page that shows their surprisal
LIKELIEST = 3  # symbols named there in place of each
PREDICTIONS = 200_000  # of images and tables, whose calibration is computed on
AT_ONCE = 2**22  # probabilities held at once: mixtures hold each several times
DPI = 110


def attribute(model: AutoregressiveModel, parts: Parts, config: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Writes bits.csv and its pictures into the directory; returns `calibration/…`.

    Of images and tables are taken the examples that a figure on the training part is computed on, of a text its first
    50,000 symbols.
    """
    if not len(parts.test):
        return {}
    if parts.is_stream:
        return _attribute_text(model, parts, config, directory)
    return _attribute_examples(model, parts, config, directory)


def _attribute_examples(model: AutoregressiveModel, parts: Parts, config: dict[str, Any], directory: Path) -> dict:
    codec, space = parts.codec, parts.codec.space
    x, labels = parts.subset("test", monitored_examples(config["evaluation"]["examples"]))
    nll = score(model, parts, x, config, labels).double().numpy()
    save_dimensions(nll, codec, directory / "bits.csv")
    if space.kind == "image":
        figure, name = heatmap(brightness(x, space), nll.reshape(-1, *space.shape)), "heatmap.png"
    else:
        names = [str(place[0]) for place in named_places(codec)[0]]
        figure, name = columns_plot(nll, names), "loss_by_dimension.png"
    figure.savefig(directory / name, dpi=DPI)
    chosen = fixed_subset(x, max(1, PREDICTIONS // space.dims), space.dims)
    given = None if labels is None else labels[chosen]
    at_once = max(1, AT_ONCE // (space.dims * (space.levels or 1)))
    batch_size = min(config["evaluation"]["batch_size"], at_once)
    return _calibrate(example_pieces(model, codec, x[chosen], batch_size, given), directory)


def _attribute_text(model: AutoregressiveModel, parts: Parts, config: dict[str, Any], directory: Path) -> dict:
    codec, dims = parts.codec, parts.codec.space.dims
    stretches = _first([x for x, _ in select(parts, "test", config["evaluation"]["examples"])], SYMBOLS)
    batch_size = min(config["evaluation"]["batch_size"], max(1, AT_ONCE // (dims * codec.space.levels)))
    stride = config["task"]["stride"]
    seen: list[Symbol] = []
    pieces = chain.from_iterable(stream_pieces(model, codec, x, stride, batch_size) for x in stretches)
    kept: list[Tensor] = []
    metrics = _calibrate(_watched(pieces, codec, seen, kept), directory)
    nll = torch.cat(kept).double().numpy()
    names = symbol_names(codec)
    save_symbols([names[level] for level in torch.cat(stretches).tolist()], nll, directory / "bits.csv")
    save_surprisal(seen, f"Surprisal of {config['data']['name']}: test part", directory / "surprisal.html")
    windows = [x[: len(x) // dims * dims].reshape(-1, dims) for x in stretches]
    by_context = score_examples(model, codec, torch.cat(windows), batch_size).double().numpy()
    if len(by_context):
        save_contexts(by_context, directory / "loss_by_context.csv")
        contexts_plot(by_context, nll).savefig(directory / "loss_by_context.png", dpi=DPI)
    return metrics


def _first(stretches: list[Tensor], count: int) -> list[Tensor]:
    """The first so many symbols of stretches."""
    found = []
    for x in stretches:
        found.append(x[:count])
        count -= len(found[-1])
    return [x for x in found if len(x)]


def _watched(pieces: Iterator[Piece], codec: Codec, seen: list[Symbol], kept: list[Tensor]) -> Iterator[Piece]:
    """The passes over a text, of which `kept` takes the nats and `seen` the first symbols."""
    names = symbol_names(codec)
    for piece in pieces:
        kept.append(piece.nll.flatten())
        seen.extend(islice(_symbols(piece, names), PAGE - len(seen)))
        yield piece


def _symbols(piece: Piece, names: str | list[str]) -> Iterator[Symbol]:
    """What a pass says of the symbols that it scores."""
    if not isinstance(piece.conditional, DiscreteConditional):
        likeliest = [[]] * piece.nll.numel()
    else:
        top = piece.conditional.pmf()[:, piece.scored].flatten(0, 1).topk(min(LIKELIEST, len(names)))
        likeliest = [
            [(names[level], p) for level, p in zip(levels, ps, strict=True)]
            for levels, ps in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ]
    x = piece.x[:, piece.scored].flatten().tolist()
    for level, nats, others in zip(x, piece.nll.flatten().tolist(), likeliest, strict=True):
        yield Symbol(names[level], nats, others)


def symbol_names(codec: Codec) -> list[str]:
    """How the symbol of every level is written."""
    levels = codec.space.levels
    if codec.kind == "bytes":
        return [chr(level) if level < 128 else f"\\x{level:02x}" for level in range(levels)]
    alphabet = getattr(codec, "alphabet", None)
    return [str(level) for level in range(levels)] if alphabet is None else list(alphabet + REPLACEMENT)[:levels]


def _calibrate(pieces: Iterator[Piece], directory: Path) -> dict[str, Any]:
    """Figures of calibration and their picture; {} of conditionals that have neither pmf nor cdf."""
    reliability, transform = Reliability(), Transform()
    for piece in pieces:
        if isinstance(piece.conditional, DiscreteConditional):
            reliability.add(piece.conditional, piece.x, piece.scored)
        elif isinstance(piece.conditional, ContinuousConditional):
            transform.add(piece.conditional, piece.x, piece.scored)
    if reliability.counts.sum():
        reliability_plot(reliability).savefig(directory / "reliability.png", dpi=DPI)
        return {f"calibration/{name}": value for name, value in reliability.figures().items()}
    if len(transform.values):
        transform_plot(transform).savefig(directory / "pit.png", dpi=DPI)
        return {f"calibration/{name}": value for name, value in transform.figures().items()}
    return {}
