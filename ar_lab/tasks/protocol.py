"""The protocol of a figure: on what it was computed, and how."""

from typing import Any

from ar_lab.codecs.base import Codec
from ar_lab.data.parts import Parts
from ar_lab.model import AutoregressiveModel
from ar_lab.restore import Restored

FITTED = ("mean", "scale")  # of a codec: numbers that the data's checksum and split decide


def protocol(
    restored: Restored, model: AutoregressiveModel, parts: Parts, config: dict[str, Any], metrics: dict[str, Any]
) -> dict[str, Any]:
    """What result.json says of how the figures of `metrics` came about."""
    run = restored.run
    return {
        "data": config["data"]["name"],
        "data_checksum": parts.checksum,
        "split": parts.split,
        "fold": config["cv"]["fold"],
        "codec": coded(restored.codec),
        **scoring(model, parts, config),
        "examples": scored(parts, metrics),
        "batch_size": config["evaluation"]["batch_size"],
        "dtype": str(model.network.dtype).removeprefix("torch."),
        "device": str(model.network.device),
        "seed": config["seed"],
        "checkpoint": str(run.checkpoint().relative_to(run.path)),
    }


def coded(codec: Codec) -> dict[str, Any]:
    """What the codec makes of raw objects: levels, the size of an alphabet, the number of columns."""
    kept = {key: value for key, value in codec.to_dict().items() if key not in FITTED}
    return {key: len(kept[key]) if key in ("alphabet", "classes", "columns") else kept[key] for key in kept}


def scoring(model: AutoregressiveModel, parts: Parts, config: dict[str, Any]) -> dict[str, Any]:
    """How a text is scored, or that every example is scored on its own."""
    if not parts.is_stream:
        labels = {"given": "its label"} if parts.codec.space.classes else {}
        return {"scoring": "examples", "window": None, "stride": None, "context": None, **labels}
    window, stride = parts.codec.space.dims, config["task"]["stride"]
    if stride is None and model.network.carries:
        return {"scoring": "stream", "window": window, "stride": None, "context": "carried"}
    stride = max(1, window // 2) if stride is None else stride
    return {"scoring": "stream", "window": window, "stride": stride, "context": window - stride}


def scored(parts: Parts, metrics: dict[str, Any]) -> dict[str, Any]:
    """How many examples, or symbols of a text, of every part were scored, and whether that is all of it."""
    unit = parts.codec.kind if parts.is_stream else "examples"
    counts = {name: metrics.get(f"{name}/{unit}", 0) for name in ("train", "validation", "test")}
    whole = {name: count == len(getattr(parts, name)) for name, count in counts.items()}
    return {name: {"scored": count, "whole": whole[name]} for name, count in counts.items()}
