"""Broken models, each the toy with one mistake, by the proof that has to catch it."""

from functools import partial
from math import log

import torch
from torch import Tensor
from torch.nn import functional as F

from ar_lab.likelihoods.categorical import Categorical, CategoricalConditional
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture, GaussianMixtureConditional
from ar_lab.model import AutoregressiveModel
from tests.mutants.toy import IMAGE, LABELED, REAL, SEQUENCE, Toy, model

# causal


class MaskB(Toy):
    def mask(self):
        return torch.ones_like(self.weights).tril(0)


class MeanOverTime(Toy):
    def mix(self, embedded):
        return super().mix(embedded) + 1e-3 * embedded.mean(1, keepdim=True)


class NormalizedOverTime(Toy):
    def mix(self, embedded):
        mixed = super().mix(embedded)
        return mixed / (1 + mixed.std(1, keepdim=True))


class TargetEmbedded(Toy):
    def everything(self, values, label):
        return super().everything(values, label) + 1e-2 * F.one_hot(values, self.space.levels)


class LastRowSeesAll(Toy):
    def mask(self):
        mask = super().mask()
        mask[-self.space.shape[1] :] = 1
        return mask


class LeakAtAChunkEdge(Toy):
    def mask(self):
        mask = super().mask()
        mask[127, 128] = 1
        return mask


class LeakOfExtremes(Toy):
    """Of three large values at once, which no change of a single place brings about."""

    def everything(self, values, label):
        ahead = (values > 2.5).flip(1).cumsum(1).flip(1) >= 3
        return super().everything(values, label) + 1e-2 * ahead.unsqueeze(-1)


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


class NaNForOneSymbol(Toy):
    def embed(self, values):
        return super().embed(values).masked_fill((values == 3).unsqueeze(-1), float("nan"))


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


class OrderWithATwin(Toy):
    def __init__(self, space, outputs):
        super().__init__(space, outputs)
        self.register_buffer("order", torch.arange(space.dims).clamp(max=space.dims - 2))


# independent


class BatchStatistics(Toy):
    def hidden(self, values, label):
        hidden = super().hidden(values, label)
        return hidden - 0.1 * hidden.mean(0, keepdim=True)


class RowsNormalizedTogether(Toy):
    """By the place before, so that nothing of the future is in it."""

    def everything(self, values, label):
        params = super().everything(values, label)
        first = self.embed(values)[:, :1].mean((0, 2)).abs()
        return torch.cat([params[:, :1], params[:, 1:] / (1 + first)], dim=1)


class SizeOfTheBatch(Toy):
    def everything(self, values, label):
        return super().everything(values, label) * (1 + 1e-3 / len(values))


# steps


class ShiftedCache(Toy):
    def one(self, values, position, label):
        return super().one(values.roll(1, 1), position, label)


class ForgettingCache(Toy):
    def one(self, values, position, label):
        kept = values.clone()
        kept[:, : max(0, position - 4)] = 0
        return super().one(kept, position, label)


class PlaceOffByOne(Toy):
    def one(self, values, position, label):
        params = super().one(values, position, label)
        return params - self.offset[position] + self.offset[max(0, position - 1)]


class StateOfAllRows(Toy):
    def one(self, values, position, label):
        return super().one(values[:1].expand_as(values), position, label)


class LabelForgottenInSteps(Toy):
    def one(self, values, position, label):
        return super().one(values, position, torch.zeros_like(label))


class HalfPrecisionCache(Toy):
    def one(self, values, position, label):
        return super().one(values, position, label).bfloat16().to(self.dtype)


class PrefixForgotten(Toy):
    def extend(self, x, state):
        values, position, label = state
        return super().extend(x, (torch.zeros_like(values), position, label))


class NoSteps(Toy):
    def step(self, previous, state):
        raise NotImplementedError("step was never written")


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


# repeatable


class DropoutInEvaluation(Toy):
    def hidden(self, values, label):
        return F.dropout(super().hidden(values, label), 0.1, training=True)


class NoiseInTheParameters(Toy):
    def everything(self, values, label):
        params = super().everything(values, label)
        return params + 1e-5 * torch.randn_like(params)


class LearnsWhileAsked(Toy):
    calls = 0

    def everything(self, values, label):
        self.calls += 1
        return super().everything(values, label) * (1 + 1e-4 * self.calls)


class OtherOnceWarm(Toy):
    """A cache that the first step fills, and that passes use from then on."""

    warm = False

    def everything(self, values, label):
        return super().everything(values, label) * (1.01 if self.warm else 1)

    def one(self, values, position, label):
        self.warm = True
        return super().one(values, position, label)


# past


class Blind(Toy):
    def mask(self):
        return torch.zeros_like(self.weights)


class SeesTheLastFour(Toy):
    def mask(self):
        return super().mask().triu(-4)


class SpotBlind(Toy):
    """One pixel of the row above, as masked convolutions in one stack have it."""

    def mask(self):
        mask = super().mask()
        mask[10, 7] = 0
        return mask


class SeesMoreThanItSays(Toy):
    def receptive_field(self):
        return super().receptive_field().triu(-2)


class LabelUnused(Toy):
    def hidden(self, values, label):
        return super().hidden(values, torch.zeros_like(label))


def conditional(kind, of=Categorical):
    """A likelihood whose conditionals are of a broken kind."""

    class Broken(of):
        def conditional(self, params: Tensor):
            found = super().conditional(params)
            return kind(*vars(found).values())

    return Broken


network = {
    "causal": [MaskB, MeanOverTime, NormalizedOverTime, TargetEmbedded],
    "normalized": [NaNForOneSymbol],
    "scored": [OrderWithATwin],
    "independent": [BatchStatistics, RowsNormalizedTogether, SizeOfTheBatch],
    "steps": [
        ShiftedCache,
        ForgettingCache,
        PlaceOffByOne,
        StateOfAllRows,
        HalfPrecisionCache,
        PrefixForgotten,
        NoSteps,
    ],
    "repeatable": [DropoutInEvaluation, NoiseInTheParameters, LearnsWhileAsked, OtherOnceWarm],
    "past": [Blind, SeesTheLastFour, SeesMoreThanItSays],
}
kinds = {
    "normalized": [Scaled, EndBinsLost],
    "scored": [Bits],
    "samples": [SharperSampler, SquaredTemperature, Argmax, HighestLevelNever],
}
joints = {
    "causal": [LooksAheadInTheFigures],
    "scored": [ClippedFigures, FirstPlaceFree, SmoothedFigures],
    "samples": [TemperatureIgnored, TemperatureByDefault, NoiseOfTheNeighbor, OneNoiseForTwo, NoiseOfItsOwn],
}
# name -> the proof that has to catch it, and how to make it
MUTANTS = {
    **{kind.__name__: (proof, partial(model, SEQUENCE, kind)) for proof, found in network.items() for kind in found},
    **{
        kind.__name__: (proof, partial(model, SEQUENCE, likelihood=conditional(kind)))
        for proof, found in kinds.items()
        for kind in found
    },
    **{
        kind.__name__: (proof, partial(model, SEQUENCE, joint=kind))
        for proof, found in joints.items()
        for kind in found
    },
    "LastRowSeesAll": ("causal", partial(model, IMAGE, LastRowSeesAll)),
    "LeakOfExtremes": ("causal", partial(model, REAL, LeakOfExtremes)),
    "JacobianForgotten": (
        "normalized",
        partial(model, REAL, likelihood=conditional(JacobianForgotten, GaussianMixture)),
    ),
    "NarrowSampler": ("samples", partial(model, REAL, likelihood=conditional(NarrowSampler, GaussianMixture))),
    "LabelForgottenInSteps": ("steps", partial(model, LABELED, LabelForgottenInSteps)),
    "LabelUnused": ("past", partial(model, LABELED, LabelUnused)),
    "SpotBlind": ("past", partial(model, IMAGE, SpotBlind)),
}

# A mutant for every proof that no other proof catches.
SOLE = {
    "repeatable": "OtherOnceWarm",
    "causal": "LeakOfExtremes",
    "normalized": "JacobianForgotten",
    "scored": "FirstPlaceFree",
    "independent": "SizeOfTheBatch",
    "steps": "HalfPrecisionCache",
    "samples": "SharperSampler",
    "past": "SpotBlind",
}
