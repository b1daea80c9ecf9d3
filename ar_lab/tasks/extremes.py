"""The likeliest and least likely examples of every dataset, as pictures or as a page."""

from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.report.pictures import brightness
from ar_lab.tasks.anomaly import MODEL, OTHERS, Nats, Scorer, Scores
from ar_lab.tasks.outliers import Dataset

SHOWN = 10  # examples at each end
ENDS = ("likeliest", "least likely")


class Extreme(NamedTuple):
    """Examples at one end of a dataset, the most extreme first."""

    dataset: str
    end: str
    x: Shaped[Tensor, "examples dims"]
    index: Int64[np.ndarray, " examples"]
    scores: Scores
    nats: Nats

    @property
    def title(self) -> str:
        return f"{self.dataset}: {self.end}"


def save_extremes(scored: dict[str, tuple[Dataset, Scores]], scorer: Scorer, directory: Path) -> None:
    """gallery.png and maps.png of images, extremes.html of anything else."""
    found = [extreme for name, (dataset, scores) in scored.items() for extreme in ends(name, dataset, scores, scorer)]
    if scorer.codec.space.kind == "image":
        save_images(found, scorer.codec, directory)
    else:
        save_texts(found, scorer.codec, directory)


def ends(name: str, dataset: Dataset, scores: Scores, scorer: Scorer) -> Iterator[Extreme]:
    """Both ends of a dataset by its likelihood."""
    order = np.argsort(scores["likelihood"], kind="stable")
    for end, chosen in zip(ENDS, (order[:SHOWN], order[::-1][:SHOWN].copy()), strict=True):
        x = dataset.x[chosen]
        theirs = {key: values[chosen] for key, values in scores.items()}
        yield Extreme(name, end, x, dataset.index[chosen], theirs, scorer.nats(x))


def save_images(found: list[Extreme], codec: Codec, directory: Path) -> None:
    from ar_lab.report.anomalies.gallery import Row, save_gallery, save_maps

    shape, rows = codec.space.shape, []
    for extreme in found:
        bits = bits_of(extreme.nats)
        maps = {key: values.reshape(-1, *shape).sum(-1) for key, values in bits.items()}
        captions = [f"{nats:.1f}" for nats in extreme.scores["likelihood"]]
        images = brightness(extreme.x.cpu(), codec.space)
        rows.append(Row(f"{extreme.dataset}\n{extreme.end}\n(nats)", images, captions, maps))
    save_gallery(rows, directory / "gallery.png")
    save_maps([row for row, extreme in zip(rows, found, strict=True) if extreme.end == ENDS[1]], directory / "maps.png")


def bits_of(nats: Nats) -> dict[str, Float64[np.ndarray, "examples dims"]]:
    """Bits of every dimension, and how many more they are than another model's, by the name of that score."""
    differences = {OTHERS[key]: (nats[MODEL] - nats[key]) / log(2) for key in OTHERS if key in nats}
    return {"bits": nats[MODEL] / log(2), **differences}


def save_texts(found: list[Extreme], codec: Codec, directory: Path) -> None:
    from ar_lab.report.anomalies.page import Listing, save_page

    listings = []
    for extreme in found:
        shown = symbols(extreme.x, codec)
        bits = extreme.nats[MODEL] / log(2)
        listings.append(Listing(extreme.title, extreme.index.tolist(), extreme.scores, shown, bits))
    columns = codec.columns if codec.space.kind == "vector" else None
    save_page(listings, columns, directory / "extremes.html")


def symbols(x: Shaped[Tensor, "examples dims"], codec: Codec) -> list[list[str]]:
    """What every dimension shows: a character, a byte as Latin-1 has it, a number of a row."""
    raw = codec.decode(x)
    if codec.space.kind == "vector":
        return [[f"{value:.4g}" for value in row] for row in raw]
    return [list(text if isinstance(text, str) else text.decode("latin-1")) for text in raw]
