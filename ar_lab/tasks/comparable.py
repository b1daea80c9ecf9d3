"""What two runs must have in common for their likelihoods to be compared: the same raw held-out data."""

from torch import Tensor

from ar_lab.data.parts import Parts

Pieces = list[tuple[Tensor, Tensor | None]]


def refusal(one: Parts, ones: Pieces, two: Parts, twos: Pieces) -> str | None:
    """Why likelihoods of what is scored of two test parts say nothing about each other; None when they do.

    Codecs may differ where both charge for all that they leave out: in the alphabet of a text, or in the means and
    scales of a table's columns.
    """
    first, second = one.codec.space, two.codec.space
    if one.codec.kind != two.codec.kind or one.is_stream != two.is_stream:
        return f"one is about {one.codec.kind}, the other about {two.codec.kind}"
    if (one_hash := one.split["test_hash"]) is None or two.split["test_hash"] is None:
        return "their source of data does not tell which examples the test part has (held_out)"
    if one_hash != two.split["test_hash"]:
        return "their test parts are not the same (data, split, fold or codec differ)"
    if not one.is_stream and first.shape != second.shape:
        return f"examples of shape {first.shape} and {second.shape}"
    if not one.is_stream and first.levels != second.levels:
        return f"{_levels(first.levels)} and {_levels(second.levels)}: the coarser image is another variable"
    if first.classes != second.classes:
        return "one is given the labels, and the other is not"
    sizes = [sum(len(x) for x, _ in pieces) for pieces in (ones, twos)]
    if sizes[0] != sizes[1]:
        unit = one.codec.kind if one.is_stream else "examples"
        return f"they score {sizes[0]:,} and {sizes[1]:,} {unit} of it (evaluation.examples)"
    return None


def _levels(levels: int | None) -> str:
    return "real numbers" if levels is None else f"{levels} levels"
