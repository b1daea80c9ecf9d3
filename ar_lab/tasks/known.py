"""A model against the known distribution of its data: entropy, cross-entropy, and KL divergence, their difference."""

from math import log
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from ar_lab.data.parts import Parts
from ar_lab.distributions.base import Entropy, enumerated_entropy, every_example, is_enumerable
from ar_lab.evaluation.figures import Mean, example_figures, text_figures
from ar_lab.model import AutoregressiveModel
from ar_lab.tasks.scored import score

Pieces = list[tuple[Tensor, Tensor | None]]


def against_distribution(
    model: AutoregressiveModel, parts: Parts, test: Pieces, metrics: dict[str, Any], nll: Tensor, config: dict[str, Any]
) -> dict[str, Any]:
    """What is to be added to the figures of a test part that was drawn from a known P; {} where it was not.

    H(P) is `test/entropy_bits_per_dim`, H(P, Q) `test/bits_per_dim` and KL(P || Q) `test/kl_bits_per_dim`; of text,
    H(P) is the entropy rate. On a space that can be enumerated all three are sums over every example, and the figures
    of the drawn ones are called `sample/…`. Otherwise KL is the mean of log P - log Q over what was scored, whose error
    is that of the paired differences: smaller than that of H(P, Q), which shares most of it with H(P).
    """
    known = parts.distribution
    if known is None:
        return {}
    if parts.is_stream:
        of_p = torch.cat([known.nats(x.long()) for x, _ in test])
        excess = text_figures(nll.double() - of_p, parts.codec.kind)
        return _bits(metrics) | _entropy(known.entropy_rate()) | _kl(excess)
    if is_enumerable(known.space):
        return _exactly(model, parts, metrics, config)
    dims = known.space.dims
    of_p = -known.log_prob(raw(parts, torch.cat([x for x, _ in test])))
    excess = example_figures((nll.double().sum(1) - of_p)[:, None] / dims)
    return _entropy(known.entropy(), dims) | _kl(excess)


def raw(parts: Parts, x: Shaped[Tensor, "examples dims"]) -> Shaped[Tensor, "examples dims"]:
    """Examples in the units of the known distribution: levels, or real numbers as they were drawn."""
    return x.long() if parts.codec.space.discrete else torch.from_numpy(parts.codec.decode(x))


def _exactly(
    model: AutoregressiveModel, parts: Parts, metrics: dict[str, Any], config: dict[str, Any]
) -> dict[str, Any]:
    """Expectations under P as sums over all examples; what the drawn ones gave under names of their own."""
    known, dims = parts.distribution, parts.codec.space.dims
    x = every_example(known.space)
    p = known.log_prob(x).exp()
    entropy = enumerated_entropy(known)
    cross = float(p @ score(model, parts, x, config).double().sum(1))
    drawn = {name.removeprefix("test/"): value for name, value in metrics.items() if name.startswith("test/")}
    found = {f"sample/{name}": value for name, value in drawn.items()}
    figure = Mean(cross / dims, 0.0, [cross / dims] * 2 if "nats_per_dim_ci95" in drawn else None)
    units = {"nats_per_dim": figure, "bits_per_dim": figure.times(1 / log(2)), "nats_per_example": figure.times(dims)}
    for name, value in (units | {"perplexity": figure.exp()}).items():
        found |= {} if value is None else value.named(f"test/{name}")
    kl = {"nats_per_dim": (cross - entropy.nats) / dims, "nats_per_dim_se": 0.0}
    return found | {"test/enumerated": len(x)} | _entropy(entropy, dims) | _kl(kl)


def _entropy(entropy: Entropy, dims: int = 1) -> dict[str, float]:
    bits = 1 / dims / log(2)
    return {
        "test/entropy_bits_per_dim": entropy.nats * bits,
        "test/entropy_bits_per_dim_se": 0.0 if entropy.se is None else entropy.se * bits,
    }


def _kl(excess: dict[str, Any]) -> dict[str, Any]:
    """The figures of log P - log Q, which for text name bits per symbol otherwise."""
    mean, se = excess["nats_per_dim"], excess["nats_per_dim_se"]
    return {"test/kl_bits_per_dim": mean / log(2), "test/kl_bits_per_dim_se": None if se is None else se / log(2)}


def _bits(metrics: dict[str, Any]) -> dict[str, Any]:
    """Bits a character by the name that all sources have."""
    mean, se = metrics["test/nats_per_dim"], metrics["test/nats_per_dim_se"]
    return {"test/bits_per_dim": mean / log(2), "test/bits_per_dim_se": None if se is None else se / log(2)}
