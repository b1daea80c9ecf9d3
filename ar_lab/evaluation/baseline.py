"""The baselines beside every figure, fitted in closed form: all dimensions independent, and of text an n-gram too."""

from math import log, pi

import torch
from jaxtyping import Float, Integer, Shaped
from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.ngram import NGram
from ar_lab.space import Space

SMOOTHING = 0.5  # added to every count (Krichevsky and Trofimov, 1981)


class FactorizedBaseline:
    """p(x) = prod_i p_i(x_i): a histogram for every pixel or column, one for all characters of a text, a Gaussian where
    the data are real numbers.
    """

    def __init__(self, space: Space, codec: Codec, train: Shaped[Tensor, "..."]):
        self.space, self.codec = space, codec
        if not space.discrete:
            self.mean, self.scale = train.double().mean(0), train.double().std(0, correction=0)
            return
        columns = train.long()[:, None] if train.ndim == 1 else train.long()
        counts = torch.stack([torch.bincount(column, minlength=space.levels) for column in columns.unbind(1)])
        smoothed = counts.double() + SMOOTHING
        self.log_pmf = (smoothed / smoothed.sum(1, keepdim=True)).log()

    def score(self, x: Shaped[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """-log p of every dimension of the raw examples, or of every character of a stream, in nats."""
        if not self.space.discrete:
            z = (x.double() - self.mean) / self.scale
            return 0.5 * (z.square() + log(2 * pi)) + self.scale.log() + self.codec.charge(x)
        x = x.long()
        if x.ndim == 1:
            return -self.log_pmf[0, x] + self.codec.charge(x)
        return -self.log_pmf.gather(1, x.T).T + self.codec.charge(x)


def ngram_baseline(space: Space, train: Integer[Tensor, " length"]) -> AutoregressiveModel:
    """The n-gram of a text's training part, with the values that it has by default."""
    likelihood = Categorical(space)
    network = NGram(space, likelihood.outputs)
    network.estimate(train)
    return AutoregressiveModel(network, likelihood)
