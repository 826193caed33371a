"""Compares the starts of targets by the noise of a study's runs."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from foi_tf.analysis.measures.starts import PRETRAINING, TargetStarts, name_start
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.uncertainty import log_scale, noise_model
from foi_tf.analysis.uncertainty.chain_keys import POOL
from foi_tf.analysis.uncertainty.image_noise import ImageShares
from foi_tf.analysis.uncertainty.pool_columns import Pool, describe_pool
from foi_tf.analysis.uncertainty.run_noise import RunNoise, measure_noise
from foi_tf.analysis.uncertainty.start_choice import (
    StartChoice,
    find_metric_bounds,
    judge_starts,
)
from foi_tf.analysis.uncertainty.target_runs import TargetRuns, add_images

_DESCRIBED = ("gain_low", "gain_high", "p_better", "p_practical")


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """Holds how the ranked starts of one target compare.

    Attributes:
      choice: of the rows of `names`.
      names: the start of each row, the reference first; "" for a row that is not ranked.
      numbers: what `answer.JudgedStart` says of each ranked start, by its name.
      noise: where the noise of runs is known from.
    """

    choice: StartChoice
    names: Sequence[str]
    numbers: Mapping[str, Mapping[str, float]]
    noise: str

    @property
    def middle(self) -> dict[str, float]:
        """Returns the median effect of each ranked start."""
        return dict(zip(self.names, map(float, self.choice.middle), strict=True))

    @property
    def maybe_best(self) -> set[str]:
        """Returns the names of the starts that may be the best."""
        return {name for name, may in zip(self.names, self.choice.maybe_best, strict=True) if may}

    def probability_ahead(
        self, some: str | Iterable[str], others: Iterable[str], by: float = 0.0
    ) -> float:
        """Returns the probability that the best of some starts is better than all others.

        Args:
          some, others: names of ranked starts.
          by: log ratio that it has to be better by.
        """
        best = self._best_of([some] if isinstance(some, str) else some)
        return float((best - self._best_of(others) > by).mean())

    def expected_loss(self, name: str) -> float:
        """Returns by how much a ranked start is expected to be worse than the best one, in %."""
        behind = self._best_of(self.numbers) - self._best_of([name])
        return float(-log_scale.to_gain(-behind, 1.0).mean())

    def _best_of(self, names: Iterable[str]) -> np.ndarray:
        """Returns the best effect of some starts in each draw."""
        return self.choice.draws[:, [self.names.index(name) for name in names]].max(1)


def compare_starts(
    targets: Sequence[TargetStarts], analysis: StudyAnalysis
) -> list[Comparison | None]:
    """Compares the starts of each target; None where noise is unknown or one cannot be ranked.

    The noise of runs is that of the study. Gains of the study are over the pre-training; targets
    with another reference are compared by pools of their own.

    Raises:
      FoiError: a file of image statistics is damaged or does not belong to its row.
    """
    found: list[Comparison | None] = [None] * len(targets)
    by_pool: dict[tuple[str, ...], list[int]] = collections.defaultdict(list)
    for i, own in enumerate(targets):
        if len(own.ranked) > 1:
            by_pool[own.pool_key].append(i)
    for key, members in by_pool.items():
        pool = analysis.noise.pools.get(key)
        usual = [i for i in members if pool and _is_in(targets[i], pool)]
        unusual = [i for i in members if i not in usual]
        if pool and usual:
            _compare(pool, [targets[i] for i in usual], usual, found)
        if unusual:
            own_pool = _make_pool(key, [targets[i] for i in unusual], analysis)
            _compare(own_pool, [targets[i] for i in unusual], unusual, found)
    return found


def _is_in(own: TargetStarts, pool: Pool) -> bool:
    """Tells whether a pool of the study compares all starts of a target with their reference."""
    if own.reference is None or own.reference.kind != PRETRAINING:
        return False
    names = {
        name_start(runs[0])
        for one in pool.targets
        if one.target == own.named["target"]
        for runs in one.chains
    }
    return names >= {start.name for start in own.ranked} - {own.reference.name}


def _make_pool(
    key: tuple[str, ...], targets: Sequence[TargetStarts], analysis: StudyAnalysis
) -> Pool:
    """Fits a pool of targets whose baselines are their references."""
    shares = ImageShares(analysis.images)
    runs, count = [], 0
    for own in targets:
        reference = own.reference
        assert reference is not None
        others = [start.ended for start in own.ranked if start.name != reference.name]
        places = range(count, count + len(others))
        count += len(others)
        alone = TargetRuns(
            own.named["target"], reference.ended, others, places, np.zeros(len(others))
        )
        runs.append(add_images(alone, shares))
    return noise_model.fit_pool(key, runs, _measure_noise(key, runs, analysis.noise.pools))


def _measure_noise(
    key: tuple[str, ...], runs: Sequence[TargetRuns], pools: Mapping[tuple, Pool]
) -> RunNoise | None:
    """Measures the noise of runs; where their seeds are single, it is that of the study."""
    found = measure_noise(runs)
    known = {name: pool.noise for name, pool in pools.items()}
    of_study = known.get(key)
    if of_study and not of_study.bound and (found is None or found.bound):
        return measure_noise(runs, of_study, key[POOL.index("setting")])
    return noise_model.borrow_noise(key, runs, known | {key: found})


def _compare(
    pool: Pool,
    targets: Sequence[TargetStarts],
    places: Sequence[int],
    found: list[Comparison | None],
) -> None:
    """Fills in the comparisons of the targets of a pool."""
    if pool.noise is None:
        return
    rows = {own.target: i for i, own in enumerate(pool.targets)}
    names = [["", *(name_start(runs[0]) for runs in own.chains)] for own in pool.targets]
    ranked = [np.zeros(len(one), bool) for one in names]
    for own in targets:
        row = rows[own.named["target"]]
        assert own.reference is not None
        names[row][0] = own.reference.name
        kept = {start.name for start in own.ranked}
        ranked[row] = np.array([name in kept for name in names[row]])
    choices = judge_starts(pool, ranked)
    described = describe_pool(pool, np.full(_count_places(pool), "", object))
    of_place = {place: i for i, place in enumerate(described["place"])}
    for own, place in zip(targets, places, strict=True):
        row = rows[own.named["target"]]
        choice = choices[row]
        if choice is None:
            continue
        runs, errors = pool.targets[row], pool.noise.targets[row]
        bounds = find_metric_bounds(runs, errors)
        numbers: dict[str, dict[str, Any]] = {}
        for i in np.flatnonzero(ranked[row]):
            low, high = map(float, bounds[i])
            numbers[names[row][i]] = {
                "value_low": low, "value_high": high, "p_best": float(choice.p_best[i]),
                "p_near": float(choice.p_near[i]), "more_seeds": float(choice.more_seeds[i]),
            }  # fmt: skip
            if i and runs.places[i - 1] in of_place:
                at = of_place[runs.places[i - 1]]
                numbers[names[row][i]] |= {name: float(described[name][at]) for name in _DESCRIBED}
        found[place] = Comparison(choice, names[row], numbers, pool.noise.describe())


def _count_places(pool: Pool) -> int:
    """Returns a number above all places of a pool's chains."""
    return 1 + max(max(own.places, default=0) for own in pool.targets)
