"""The toy with one mistake each, by the proof that has to catch it."""

import torch
from torch.nn import functional as F

from tests.mutants.toy import Toy

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


# normalized


class NaNForOneSymbol(Toy):
    def embed(self, values):
        return super().embed(values).masked_fill((values == 3).unsqueeze(-1), float("nan"))


# scored


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
