"""Anomaly scores by a trained model, and by a background or a local one beside it."""

from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped
from torch import Tensor

from ar_lab import runs
from ar_lab.codecs.base import Codec
from ar_lab.codecs.table import TableCodec
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError, DivergenceError
from ar_lab.evaluation.anomaly import complexity, scores
from ar_lab.evaluation.scoring import score_examples
from ar_lab.restore import Restored, restore
from ar_lab.space import Space
from ar_lab.tasks.outliers import examples_of
from ar_lab.trainer import device_of

MODEL = "model"
OTHERS = {"background": "ratio", "local": "local"}  # key of the task -> the score that its run gives
COMPRESSORS = {"image": ("png", "zlib", "xz"), "sequence": ("zlib", "xz"), "vector": ()}
Nats = dict[str, Float64[np.ndarray, "examples dims"]]  # model, background, local -> of every dimension
Scores = dict[str, Float64[np.ndarray, " examples"]]


class Scorer:
    """What tells anomalies: made once of a restored run, its parts, and the runs that `task` names beside it.

    `names` are the scores that it gives, of which higher is more anomalous: likelihood, typicality, complexity_*
    (images: png; images and text: zlib, xz), ratio with task.background, local with task.local. `entropy` is the mean
    of -log p(x) over a fixed subset of the training part, in nats an example.

    Raises:
        ConfigError: for a model that is conditioned on labels, and for another run whose examples are other ones.
        DivergenceError: when the model has no likelihood of its own training data.
    """

    def __init__(self, restored: Restored, parts: Parts, config: dict[str, Any]):
        task, self.batch_size = config["task"], config["evaluation"]["batch_size"]
        self.codec = restored.codec
        if self.codec.space.classes is not None:
            raise ConfigError(f"run={restored.run.path}: conditioned on labels; scores need a run with no condition")
        self.runs = {MODEL: restored}
        for key in OTHERS:
            if task[key] is not None:
                self.runs[key] = same_examples(restored, beside(task[key], f"task.{key}"), f"task.{key}")
        for run in self.runs.values():
            run.model.to(device_of(config["trainer"]))
        self.compressors = COMPRESSORS[self.codec.space.kind]
        compared = [f"complexity_{name}" for name in self.compressors]
        self.names = ("likelihood", "typicality", *compared, *(OTHERS[key] for key in OTHERS if key in self.runs))
        train = examples_of(parts, "train", task["examples"]).x
        self.entropy = float(self._nats(MODEL, train).sum(1).mean())
        if self.entropy >= scores.HIGHEST / len(train):
            raise DivergenceError(f"run={restored.run.path}: its training data have no finite likelihood")

    def nats(self, x: Shaped[Tensor, "examples dims"]) -> Nats:
        """-log p of every dimension by every model."""
        return {name: self._nats(name, x) for name in self.runs}

    def scores(self, x: Shaped[Tensor, "examples dims"]) -> Scores:
        """Every score of coded examples; of text, of windows as long as the context, each from an empty one."""
        nats = {name: values.sum(1) for name, values in self.nats(x).items()}
        own = nats[MODEL]
        found = {"likelihood": own, "typicality": scores.typicality(own, self.entropy)}
        for name in self.compressors:
            found[f"complexity_{name}"] = scores.complexity(own, compressed(self.codec, x, name))
        return found | {OTHERS[key]: scores.ratio(own, nats[key]) for key in OTHERS if key in nats}

    def _nats(self, name: str, x: Shaped[Tensor, "examples dims"]) -> Float64[np.ndarray, "examples dims"]:
        run = self.runs[name]
        if isinstance(run.codec, TableCodec) and run.codec != self.codec:  # another mean and scale
            x = run.codec.encode(self.codec.decode(x))
        return scores.bounded(score_examples(run.model, run.codec, x, self.batch_size).numpy())


def beside(path: str, key: str) -> Restored:
    """Another run; errors name the key that it comes from."""
    runs.find(path, key)
    return restore(path)


def same_examples(restored: Restored, other: Restored, key: str) -> Restored:
    """The other run, whose space and codec are those of the first; tables may have another mean and scale.

    Raises:
        ConfigError: for any other difference.
    """
    ours, theirs = restored.codec, other.codec
    tables = isinstance(ours, TableCodec) and isinstance(theirs, TableCodec) and ours.columns == theirs.columns
    if ours != theirs and not tables:
        which = f"{described(theirs.space)}, those of run={restored.run.path} are {described(ours.space)}"
        if theirs.space == ours.space:
            which = f"coded otherwise than those of run={restored.run.path}"
        raise ConfigError(f"{key}={other.run.path}: its examples are {which}; train both on the same data")
    return other


def described(space: Space) -> str:
    values = "real numbers" if space.levels is None else f"{space.levels} levels"
    labels = "" if space.classes is None else f", given {space.classes} labels"
    return f"{space.kind} {'x'.join(map(str, space.shape))} of {values}{labels}"


def compressed(codec: Codec, x: Shaped[Tensor, "examples dims"], name: str) -> Float64[np.ndarray, " examples"]:
    """Bits of every example alone by a compressor: of an image its levels, of a text its UTF-8."""
    if codec.space.kind == "image":
        images = x.cpu().numpy().astype(np.uint8).reshape(-1, *codec.space.shape)
        return (
            complexity.png_bits(images)
            if name == "png"
            else complexity.compressed_bits([i.tobytes() for i in images], name)
        )
    texts = [text if isinstance(text, bytes) else text.encode() for text in codec.decode(x)]
    return complexity.compressed_bits(texts, name)
