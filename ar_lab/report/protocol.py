"""The protocol of task=evaluate in a few lines. No torch."""

from collections.abc import Iterator
from typing import Any

HASH = 12  # digits of a checksum that are shown


def protocol_lines(protocol: dict[str, Any], metrics: dict[str, Any]) -> Iterator[str]:
    """What the figures were computed on and how, and what the test figure is as an interval and as a whole."""
    split = protocol["split"]
    sizes = ", ".join(f"{name} {split[name]:,}" for name in ("train", "validation", "test"))
    fold = "" if protocol["fold"] is None else f", fold {protocol['fold']}"
    hashes = f"checksum {_short(protocol['data_checksum'])}, split {_short(split['hash'])}"
    yield f"data: {protocol['data']}{fold}; {sizes}; {hashes}, test part {_short(split['test_hash'])}"
    yield f"values: {_values(protocol['codec'])}"
    yield f"scored: {_scored(protocol)}; {_manner(protocol)}"
    yield (
        f"computed: {protocol['checkpoint']}, batches of {protocol['batch_size']:,}, {protocol['dtype']} "
        f"on {protocol['device']}, seed {protocol['seed']}"
    )
    yield from _test(protocol, metrics)
    yield from _others(protocol)


def _short(digest: str | None) -> str:
    return "unknown" if digest is None else digest[:HASH]


def _values(codec: dict[str, Any]) -> str:
    kind = codec["kind"]
    if kind == "image":
        height, width, channels = codec["shape"]
        lost = "" if codec["levels"] == codec["raw_levels"] else f", re-quantized from {codec['raw_levels']}"
        return f"images of {height}x{width}x{channels}, {codec['levels']} levels{lost}"
    if kind == "characters":
        unknown = ", the rest of Unicode charged uniformly" if codec["unknown"] else ""
        return f"characters, an alphabet of {codec['alphabet']} from the training part{unknown}"
    if kind == "table":
        return f"{codec['columns']} columns, standardized by the training part; densities in the original units"
    return "256 bytes" if kind == "bytes" else kind


def _scored(protocol: dict[str, Any]) -> str:
    unit = protocol["codec"]["kind"] if protocol["scoring"] == "stream" else "examples"
    test, size = protocol["examples"]["test"], protocol["split"]["test"]
    if test["whole"]:
        return f"all {size:,} test {unit}"
    return f"{test['scored']:,} of {size:,} test {unit}, the same ones every time"


def _manner(protocol: dict[str, Any]) -> str:
    if protocol["scoring"] == "examples":
        return "each on its own" + (f", given {protocol['given']}" if "given" in protocol else "")
    if protocol["context"] == "carried":
        return "one stream, each once, the state carried from the first to the last"
    windows = f"windows of {protocol['window']:,} that advance by {protocol['stride']:,}"
    return f"one stream, each once, given at least {protocol['context']:,} before it ({windows})"


def _test(protocol: dict[str, Any], metrics: dict[str, Any]) -> Iterator[str]:
    """Of what was scored: where the test figure is an exact sum over all examples, of the drawn ones."""
    part = "sample" if "test/enumerated" in metrics else "test"
    interval, total = metrics.get(f"{part}/nats_per_dim_ci95"), metrics.get("test/nats_total")
    if interval is not None:
        over = "blocks of 1,000 symbols" if protocol["scoring"] == "stream" else "the examples"
        yield f"{part}: 95 % interval {interval[0]:.4f} to {interval[1]:.4f} nats/dim, by bootstrap over {over}"
    if total is not None:
        size = f", a code of {metrics['test/code_bytes']:,} bytes" if "test/code_bytes" in metrics else ""
        yield f"{part}: {total:,.1f} nats for all that was scored{size}"


def _others(protocol: dict[str, Any]) -> Iterator[str]:
    """What the rows are that are scored in another manner than the test part's own."""
    if "windows" in protocol:
        window = protocol["windows"]["window"]
        yield f"test (windows): whole windows of {window:,}, each from an empty context, as training validates"
    if "dynamic" in protocol:
        rule = protocol["dynamic"]
        yield (
            f"test (dynamic): {rule['segment']} scored, then learned from (SGD, lr {rule['lr']:g}, "
            f"decay {rule['decay']:g}): the figure of no fixed model"
        )
