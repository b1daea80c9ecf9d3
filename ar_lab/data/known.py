"""Data drawn from known distributions, whose log P(x) and entropy the figures of a model are held against."""

import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ar_lab.codecs.text import CharacterCodec
from ar_lab.data.folds import Fold
from ar_lab.data.image_files import Collection
from ar_lab.data.images import OwnSplit
from ar_lab.data.parts import Parts
from ar_lab.data.tables import Rows, Table
from ar_lab.data.text import Text
from ar_lab.distributions.base import Distribution, Process
from ar_lab.distributions.gaussian_mixture import GaussianMixture
from ar_lab.distributions.hmm import HiddenMarkov
from ar_lab.distributions.ising import Ising as IsingModel
from ar_lab.distributions.markov import MarkovChain
from ar_lab.distributions.ring import Ring as RingInThePlane
from ar_lab.errors import ConfigError
from ar_lab.space import Space

LETTERS = string.ascii_lowercase


class KnownText(Text):
    """One draw of a process over the letters a, b, c …, `size` in a row from its stationary start.

    `source_seed` draws the distribution, and `draw_seed` the text from it. Every letter is a level, seen or not.
    """

    distribution: Process

    def __init__(self, *, levels: int, size: int, draw_seed: int, **text):
        super().__init__(codec="characters", unknown=False, **text)
        if not 2 <= levels <= len(LETTERS):
            raise ConfigError(f"data.levels={levels}: must be between 2 and {len(LETTERS)}, the letters there are")
        self.coding = CharacterCodec(LETTERS[:levels], False, self.context)
        self.size, self.draw_seed = size, draw_seed

    @property
    def space(self) -> Space:
        return self.coding.space

    def fit(self, train: str | bytes) -> CharacterCodec:
        return self.coding

    def files(self) -> list[tuple[str, bytes]]:
        drawn = self.distribution.draw(self.size, torch.Generator().manual_seed(self.draw_seed))
        return [("drawn", self.coding.decode(drawn).encode())]

    def load(self, fold: Fold | None = None) -> Parts:
        return replace(super().load(fold), distribution=self.distribution)

    def paths(self) -> list[Path]:
        return []


class Markov(KnownText):
    """A Markov chain of a given order, whose transition probabilities are drawn from Dirichlet(concentration)."""

    def __init__(self, *, order: int, concentration: float, source_seed: int, **text):
        super().__init__(**text)
        try:
            self.distribution = MarkovChain.random(self.space, order, concentration, source_seed)
        except ValueError as error:
            raise ConfigError(f"data.{error}") from error


class HMM(KnownText):
    """A hidden Markov model whose states last: each is kept with probability `stay` before every symbol."""

    def __init__(self, *, states: int, stay: float, concentration: float, source_seed: int, **text):
        super().__init__(**text)
        self.distribution = HiddenMarkov.random(self.space, states, stay, concentration, source_seed)


class Ising(OwnSplit):
    """Black and white images of `height` x `width` pixels, drawn from the Ising model with free borders."""

    raw_levels = 2

    def __init__(self, *, height: int, width: int, beta: float, field: float, size: int, draw_seed: int, **own_split):
        super().__init__(levels=2, **own_split)
        try:
            self.distribution = IsingModel(height, width, beta, field)
        except ValueError as error:
            raise ConfigError(f"data.{error}") from error
        self.size, self.draw_seed = size, draw_seed

    def read(self) -> Collection:
        drawn = self.distribution.sample(self.size, torch.Generator().manual_seed(self.draw_seed))
        return Collection(drawn.numpy().astype(np.uint8).reshape(-1, *self.distribution.space.shape))

    def load(self, fold: Fold | None = None) -> Parts:
        return replace(super().load(fold), distribution=self.distribution)

    def paths(self) -> list[Path]:
        return []


class Points(Table):
    """Points of the plane, drawn from a distribution over x and y."""

    distribution: Distribution

    def __init__(self, *, size: int, draw_seed: int, **table):
        super().__init__(path=None, **table)
        self.size, self.draw_seed = size, draw_seed

    def read(self) -> Rows:
        drawn = self.distribution.sample(self.size, torch.Generator().manual_seed(self.draw_seed))
        return ("x", "y"), drawn.numpy(), None

    def load(self, fold: Fold | None = None) -> Parts:
        return replace(super().load(fold), distribution=self.distribution)

    def paths(self) -> list[Path]:
        return []


class Mixture(Points):
    """A mixture of Gaussians, whose means are drawn from N(0, spread^2)."""

    def __init__(self, *, components: int, spread: float, source_seed: int, **points):
        super().__init__(**points)
        self.distribution = GaussianMixture.random(2, components, spread, source_seed)


class Ring(Points):
    """A ring around the origin; with a modulation above 0 it has petals."""

    def __init__(self, *, radius: float, width: float, modulation: float, petals: int, **points):
        super().__init__(**points)
        try:
            self.distribution = RingInThePlane(radius, width, modulation, petals)
        except ValueError as error:
            raise ConfigError(f"data.{error}") from error
