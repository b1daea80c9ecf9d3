"""Dynamic evaluation: a model that learns from what it was scored on, after it was scored on it."""

from collections.abc import Iterator
from copy import deepcopy

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.model import AutoregressiveModel

Scored = tuple[Float[Tensor, "batch scored"], Float[Tensor, "batch scored"]]  # nats with their gradient, charge


class Adapting:
    """A copy of a trained model that takes a gradient step on every segment once that is scored.

    theta <- theta - lr grad L(segment) + decay (theta_0 - theta), where L is its mean in nats a dimension and theta_0
    are the trained weights (Krause et al., Dynamic Evaluation of Neural Sequence Models, 2018, section 4: the rule of
    stochastic gradient descent). Every conditional depends on nothing that comes after it, so that the figure is still
    a code length; but of the whole part in this order, and of no fixed model.

    Raises:
        ValueError: for a model without parameters.
    """

    def __init__(self, model: AutoregressiveModel, lr: float, decay: float):
        self.model = deepcopy(model).eval().requires_grad_(True)
        self.parameters = list(self.model.parameters())
        if not self.parameters:
            raise ValueError("dynamic evaluation takes gradient steps, and this model has no parameters to learn")
        self.trained = [parameter.detach().clone() for parameter in self.parameters]
        self.lr, self.decay = lr, decay

    def score_examples(
        self,
        codec: Codec,
        x: Shaped[Tensor, "examples dims"],
        batch_size: int,
        condition: Int64[Tensor, " examples"] | None = None,
    ) -> Float[Tensor, "examples dims"]:
        """-log p of every dimension of the raw examples, in nats, on the CPU; a batch is a segment."""
        given = [None] * (len(x) // batch_size + 1) if condition is None else condition.split(batch_size)
        batches = zip(x.split(batch_size), given, strict=False)
        return torch.cat(self._learned(self._batch(codec, *batch) for batch in batches))

    def score_stream(
        self, codec: Codec, stream: Shaped[Tensor, " length"], stride: int | None
    ) -> Float[Tensor, " length"]:
        """-log p of every character given those before it, with the context that `scoring.score_stream` gives it.

        A segment is a window of the model's D characters where the state is carried, else the last `stride` ones of a
        window.
        """
        if len(stream) < self.model.space.dims or (stride is None and self.model.network.carries):
            segments = self._carried(codec, stream)
        else:
            segments = self._windows(codec, stream, stride or max(1, self.model.space.dims // 2))
        return torch.cat([nll.flatten() for nll in self._learned(segments)])

    def _learned(self, segments: Iterator[Scored]) -> list[Tensor]:
        """The scores of segments, each of which is learned from before the next one is computed."""
        scores = []
        with torch.backends.cudnn.flags(enabled=False):  # whose recurrent layers have no gradient in evaluation mode
            for nll, charge in segments:
                scores.append((nll.detach() + charge).cpu())
                self._step(nll.mean())
        return scores

    def _step(self, loss: Float[Tensor, ""]) -> None:
        gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        with torch.no_grad():
            for parameter, gradient, trained in zip(self.parameters, gradients, self.trained, strict=True):
                step = 0.0 if gradient is None else self.lr * gradient
                parameter += self.decay * (trained - parameter) - step

    def _batch(self, codec: Codec, x: Tensor, given: Tensor | None) -> Scored:
        batch = self.model.cast(x)
        return self.model.nll(batch, None if given is None else given.to(batch.device)), codec.charge(batch)

    def _carried(self, codec: Codec, stream: Tensor) -> Iterator[Scored]:
        state = self.model.network.start(1)
        for segment in stream.split(self.model.space.dims):
            x = self.model.cast(segment)[None]
            params, state = self.model.network.extend(x, state)
            yield -self.model.likelihood.conditional(params).log_prob(x), codec.charge(x)
            state = state.detach()

    def _windows(self, codec: Codec, stream: Tensor, stride: int) -> Iterator[Scored]:
        dims, last = self.model.space.dims, len(stream) - self.model.space.dims
        yield self._batch(codec, stream[None, :dims], None)
        starts = list(range(stride, last + 1, stride))
        ends = [(start, stride) for start in starts] + ([(last, last % stride)] if last % stride else [])
        for start, scored in ends:
            nll, charge = self._batch(codec, stream[None, start : start + dims], None)
            yield nll[:, -scored:], charge[:, -scored:]
