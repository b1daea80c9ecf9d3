"""Texts that task=sample draws: from a prompt, of any length, printed as they come."""

import codecs
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from ar_lab.codecs.base import Codec
from ar_lab.errors import ConfigError, DataError
from ar_lab.model import AutoregressiveModel
from ar_lab.report.pictures import RULE, save_samples
from ar_lab.sampling import Drawn
from ar_lab.tasks.unrolling import Request, seeded


def text_request(model: AutoregressiveModel, codec: Codec, task: dict[str, Any], seed: int) -> Request:
    """`task.count` texts of `task.length` characters behind `task.prompt`.

    Raises:
        ConfigError: for a prompt with characters that the model does not know, and for a network that does not take
            a text from left to right.
    """
    if model.network.order is not None and (task["prompt"] or task["length"] or task["stream"]):
        raise ConfigError("task.prompt, length, stream: the run's model takes a text in another order; leave them out")
    given, window = encoded(codec, task["prompt"]), model.space.dims
    length = task["length"] or (window - len(given) if len(given) < window else window)
    noise = model.draw_noise(task["count"], seeded(seed), length)
    prompt = model.cast(given).expand(task["count"], -1)
    x = F.pad(prompt, (0, length))

    def pieces(rows: slice, **how: Any) -> Iterator[Drawn]:
        if model.network.order is not None:
            return model.draw(noise[rows], **how)
        return model.write(prompt[rows], noise[rows], **how)

    save = partial(save_samples, codec)
    return Request(x, len(given), pieces, save, approximate=_approximation(model, x.shape[1], codec.kind))


def encoded(codec: Codec, prompt: str | None) -> Tensor:
    """Raises ConfigError for a prompt that the codec cannot give back."""
    try:
        code = codec.encode(prompt or "")
    except DataError as error:
        reason = str(error).partition(";")[0]
        raise ConfigError(f"task.prompt={prompt!r}: {reason}; leave them out") from error
    known = codec.decode(code)
    if prompt is not None and isinstance(known, str) and known != prompt:
        unseen = "".join(sorted(set(prompt) - set(known)))
        raise ConfigError(f"task.prompt={prompt!r}: {unseen!r} never occurred in training; leave it out")
    return code


def _approximation(model: AutoregressiveModel, length: int, symbols: str) -> str | None:
    window = model.space.dims
    if model.reaches(length):
        return None
    return (
        f"beyond the window of {window} {symbols}, what is drawn is given between {window // 2} and {window - 1} of "
        "those before it, not all"
    )


class Stream:
    """Prints the texts as they are drawn, with a rule between them."""

    def __init__(self, codec: Codec, prompt: str | None):
        self.codec, self.prompt = codec, prompt or ""
        self.text: int | None = None  # the one being drawn
        self.bytes = codecs.getincrementaldecoder("utf-8")("replace")

    def __call__(self, text: int, drawn: Drawn) -> None:
        if text != self.text:
            self._print(self.prompt if self.text is None else RULE + self.prompt)
            self.bytes.reset()
            self.text = text
        piece = self.codec.decode(drawn.values[0].cpu())
        self._print(piece if isinstance(piece, str) else self.bytes.decode(piece))

    def end(self) -> None:
        self._print("\n")

    def _print(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
