"""Raw objects that are not the run's own, coded as the run codes its data: another config's test part, or a path."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ar_lab.build import build_source
from ar_lab.codecs.base import Codec
from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.data import tables
from ar_lab.data.batches import windows
from ar_lab.data.image_files import SUFFIXES, read_folder, read_image, read_npz
from ar_lab.data.text import characters, read
from ar_lab.errors import ConfigError
from ar_lab.recall import config_directory

KINDS = {"sequence": "text", "image": "images", "vector": "rows of a table"}


def data_choices() -> dict[str, Path]:
    """The data configs by their names: those of the user's own folder, and ours, which come first."""
    folders = [os.environ.get("AR_LAB_CONFIGS"), config_directory()]
    return {path.stem: path for folder in folders if folder for path in sorted(Path(folder, "data").glob("*.yaml"))}


def load_choice(config: Path) -> DictConfig:
    """A data config over those that its defaults list names, as Hydra would compose it."""
    node = OmegaConf.load(config)
    bases = [name for name in node.pop("defaults", []) if name != "_self_"]
    return OmegaConf.merge(*(load_choice(data_choices()[name]) for name in bases), node)


def left_out(config: dict[str, Any]) -> Any:
    """The raw examples of the run's own source that `data.only` left out."""
    if config["data"].get("only") is None:
        raise ConfigError("task.outliers=others: the run's data leave no label out (data.only); name other data")
    return build_source(config["data"]).left_out()


def raw_test(config: Path, codec: Codec, own: dict[str, Any]) -> Any:
    """The raw test part of a data config, read from where the run's own data are.

    Raises:
        ConfigError: for a config that lacks a file, and for data of another kind, levels or columns.
    """
    name, node = config.stem, OmegaConf.to_container(load_choice(config), resolve=True)
    places = {key: own[key] for key in ("root", "cache") if key in node and key in own}
    if node.get("path", "") == "???":
        raise ConfigError(f"task.outliers={name}: says not which file; name the file itself")
    # As bytes, so that nothing of a text is lost in an alphabet that is not the run's.
    as_bytes = {"codec": "bytes"} if "codec" in node else {}
    parts = build_source({**node, **places, **as_bytes}).load()
    theirs, raw = parts.codec, parts.codec.decode(parts.test)
    if theirs.space.kind != codec.space.kind:
        raise ConfigError(f"task.outliers={name}: {KINDS[theirs.space.kind]}, the run's are {KINDS[codec.space.kind]}")
    if isinstance(codec, ImageCodec) and isinstance(theirs, ImageCodec) and theirs.raw_levels != codec.raw_levels:
        sizes = f"{theirs.shape} with {theirs.raw_levels} levels, the run's are {codec.shape} with {codec.raw_levels}"
        raise ConfigError(f"task.outliers={name}: images of {sizes}; name images with as many")
    if isinstance(theirs, TableCodec):
        return ordered(raw, theirs.columns, codec, name)
    return raw.decode(errors="ignore") if isinstance(raw, bytes) and codec.kind == "characters" else raw


def raw_of(path: Path, codec: Codec, label: str | None = None) -> Any:
    """The images, the text or the rows of a file, or the images of a folder.

    A column `label`, which is no variable of the run's, may be in the table.

    Raises:
        ConfigError: for a path of another kind, or a table of other columns.
        DataError: for what cannot be read.
    """
    kind = codec.space.kind
    if path.is_dir() and kind != "image":
        raise ConfigError(f"{path}: a folder, the run's data are {KINDS[kind]}; name a file")
    if kind == "sequence":
        return read(path)
    if kind == "vector":
        columns, rows = _table(path, label)
        return ordered(rows, columns, codec, str(path))
    if path.is_dir():
        return read_folder(path, False, False).images
    if path.suffix.lower() in SUFFIXES:
        return read_image(path)[None]
    if path.suffix != ".npz":
        raise ConfigError(f"{path}: the run's data are images; name a folder, an .npz or one of {', '.join(SUFFIXES)}")
    return read_npz(path).images


def _table(path: Path, label: str | None) -> tuple[tuple[str, ...], Shaped[np.ndarray, "count columns"]]:
    def read_with(label: str | None) -> tables.Rows:
        shares = {"validation": 0.0, "test": 0.0, "split_seed": 0, "fraction": 1.0}
        return tables.Table(path=str(path), label=label, **shares).read()

    try:
        return read_with(label)[:2]
    except ConfigError:  # a file without the labels
        return read_with(None)[:2]


def columns_of(path: Path) -> tuple[str, ...]:
    """The names of a table's columns.

    Raises:
        DataError: for what cannot be read.
    """
    return _table(path, None)[0]


def ordered(
    rows: Shaped[np.ndarray, "count columns"], columns: tuple[str, ...], codec: Codec, name: str
) -> Shaped[np.ndarray, "count _"]:
    """Rows with the columns that the codec knows, in its order."""
    if missing := [column for column in codec.columns if column not in columns]:
        shown = ", ".join(map(repr, missing[:3])) + (", …" if len(missing) > 3 else "")
        raise ConfigError(f"{name}: lacks {len(missing)} of the run's {len(codec.columns)} columns: {shown}")
    return rows[:, [columns.index(column) for column in codec.columns]]


def coded(raw: Any, codec: Codec, where: str) -> Shaped[Tensor, "examples dims"]:
    """Raw objects as the run's examples; of a text, its whole windows.

    Raises:
        ConfigError: for images of another shape, or a text shorter than a window.
    """
    if codec.space.kind == "sequence":
        text = characters(where, raw) if isinstance(raw, bytes) and codec.kind == "characters" else raw
        if len(text) < codec.space.dims:
            raise ConfigError(f"{where}: {len(text)} {codec.kind}, fewer than a window of {codec.space.dims}")
        return windows(codec.encode(text), codec.space.dims)
    if codec.space.kind == "image" and raw.shape[1:] != codec.space.shape:
        raise ConfigError(
            f"{where}: images of shape {raw.shape[1:]} (height, width, channels), the run's are {codec.space.shape}"
        )
    return codec.encode(raw)
