"""A sampler that draws again where another one repeats a point that failed, which would spend a trial on nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

DRAWS = 50  # by a sampler; one that learns from figures alone, and a failed point has none, may know no other point


class Redrawing(BaseSampler):
    """Draws whole points as the first of some samplers would, until one is not among the failed; then as the next.

    The last draw of all is let through.
    """

    def __init__(
        self,
        samplers: Sequence[BaseSampler],
        space: Mapping[str, BaseDistribution],
        failed: Sequence[Mapping[str, Any]],
    ):
        self.samplers = samplers
        self.space = {key: distribution for key, distribution in space.items() if not distribution.single()}
        self.failed = [{key: point[key] for key in self.space} for point in failed]

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self.space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        point: dict[str, Any] = {}
        for sampler in self.samplers:
            for _ in range(DRAWS):
                point = self._draw(sampler, study, trial)
                if point not in self.failed:
                    return point
        return point

    def _draw(self, sampler: BaseSampler, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        related = sampler.infer_relative_search_space(study, trial)
        point = sampler.sample_relative(study, trial, related)
        for key, distribution in self.space.items():
            if key not in point:
                point[key] = sampler.sample_independent(study, trial, key, distribution)
        return point

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self.samplers[0].sample_independent(study, trial, param_name, param_distribution)
