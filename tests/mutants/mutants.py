"""Broken models, each with one mistake, by the proof that has to catch it."""

from functools import partial

from torch import Tensor

from ar_lab.likelihoods.categorical import Categorical
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture
from tests.mutants.joints import (
    Argmax,
    Bits,
    ClippedFigures,
    EndBinsLost,
    FirstPlaceFree,
    HighestLevelNever,
    JacobianForgotten,
    LooksAheadInTheFigures,
    NarrowSampler,
    NoiseOfItsOwn,
    NoiseOfTheNeighbor,
    OneNoiseForTwo,
    Scaled,
    SharperSampler,
    SmoothedFigures,
    SquaredTemperature,
    TemperatureByDefault,
    TemperatureIgnored,
)
from tests.mutants.networks import (
    BatchStatistics,
    Blind,
    DropoutInEvaluation,
    ForgettingCache,
    HalfPrecisionCache,
    LabelForgottenInSteps,
    LabelUnused,
    LastRowSeesAll,
    LeakOfExtremes,
    LearnsWhileAsked,
    MaskB,
    MeanOverTime,
    NaNForOneSymbol,
    NoiseInTheParameters,
    NormalizedOverTime,
    NoSteps,
    OrderWithATwin,
    OtherOnceWarm,
    PlaceOffByOne,
    PrefixForgotten,
    RowsNormalizedTogether,
    SeesMoreThanItSays,
    SeesTheLastFour,
    ShiftedCache,
    SizeOfTheBatch,
    SpotBlind,
    StateOfAllRows,
    TargetEmbedded,
)
from tests.mutants.toy import IMAGE, LABELED, REAL, SEQUENCE, model


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
