"""Conditionals and joint distributions with one mistake each, by the proof that has to catch it."""

from math import log

import torch

from ar_lab.likelihoods.categorical import CategoricalConditional
from ar_lab.likelihoods.gaussian_mixture import GaussianMixtureConditional
from ar_lab.model import AutoregressiveModel

# causal


class LooksAheadInTheFigures(AutoregressiveModel):
    def nll(self, x, condition=None):
        nll = super().nll(x, condition)
        return nll + 1e-2 * (x.roll(-1, 1) == x)


# normalized


class Scaled(CategoricalConditional):
    def log_prob(self, x):
        return super().log_prob(x) + log(1.02)

    def pmf(self):
        return 1.02 * super().pmf()


class EndBinsLost(CategoricalConditional):
    """Levels 0 and the highest one share a little with what lies beyond them."""

    def pmf(self):
        pmf = super().pmf().clone()
        pmf[..., 0] *= 0.99
        pmf[..., -1] *= 0.99
        return pmf

    def log_prob(self, x):
        return self.pmf().log().gather(-1, x.unsqueeze(-1)).squeeze(-1)


class JacobianForgotten(GaussianMixtureConditional):
    """Of a codec that squeezes by three in a thousand."""

    def log_prob(self, x):
        return super().log_prob(x) + 0.003


# scored


class Bits(CategoricalConditional):
    def log_prob(self, x):
        return super().log_prob(x) / log(2)


class ClippedFigures(AutoregressiveModel):
    def nll(self, x, condition=None):
        return super().nll(x, condition).clamp(max=1.5)


class FirstPlaceFree(AutoregressiveModel):
    def log_prob(self, x, condition=None):
        return -self.nll(x, condition)[:, 1:].sum(-1)


class SmoothedFigures(AutoregressiveModel):
    """Every conditional evened out: normalized, and not what is sampled."""

    def nll(self, x, condition=None):
        return -(0.9 * super().nll(x, condition).neg().exp() + 0.1 / self.space.levels).log()


# samples


class SharperSampler(CategoricalConditional):
    def sample(self, noise):
        return CategoricalConditional(self.logits / 0.9).sample(noise)


class SquaredTemperature(CategoricalConditional):
    def tempered(self, temperature):
        return super().tempered(temperature**2)


class TemperatureIgnored(AutoregressiveModel):
    def complete(self, x, known, noise, temperature=1.0, **how):
        return super().complete(x, known, noise, **how)


class TemperatureByDefault(AutoregressiveModel):
    def complete(self, x, known, noise, temperature=1.0, **how):
        return super().complete(x, known, noise, temperature=0.9 * temperature, **how)


class Argmax(CategoricalConditional):
    def sample(self, noise):
        return self.logits.argmax(-1)


class HighestLevelNever(CategoricalConditional):
    def sample(self, noise):
        return super().sample(noise).clamp(max=self.logits.shape[-1] - 2)


class NoiseOfTheNeighbor(AutoregressiveModel):
    def complete(self, x, known, noise, **how):
        return super().complete(x, known, noise.roll(1, 1), **how)


class OneNoiseForTwo(AutoregressiveModel):
    def complete(self, x, known, noise, **how):
        return super().complete(x, known, noise[:, torch.arange(noise.shape[1]) // 2 * 2], **how)


class NoiseOfItsOwn(AutoregressiveModel):
    def complete(self, x, known, noise, **how):
        return super().complete(x, known, torch.rand_like(noise), **how)


class NarrowSampler(GaussianMixtureConditional):
    def sample(self, noise):
        return GaussianMixtureConditional(self.logits, self.means, 0.9 * self.scales).sample(noise)
