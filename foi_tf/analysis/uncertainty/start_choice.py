"""Judges what a target should start from: its sources, the pre-training or random weights.

Starts are compared by their effects: log ratios of their true metric to that of a reference start,
whose own effect is 0. Effects of all starts are drawn together, given all runs of the pool.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from foi_tf.analysis.uncertainty import log_scale, verdicts
from foi_tf.analysis.uncertainty.gain_levels import POSITIVE
from foi_tf.analysis.uncertainty.pool_columns import Pool
from foi_tf.analysis.uncertainty.run_noise import TargetErrors
from foi_tf.analysis.uncertainty.target_runs import TargetRuns

DRAWS = 2000  # Ours; the standard error of a probability is at most 1.1 %.


@dataclasses.dataclass(frozen=True, eq=False)
class StartChoice:
    """Holds how the starts of one target compare.

    Each array but `draws` has a place for each row of `TargetRuns.table`: the reference first, then
    the chains. Rows that may not be chosen, or have no effect, have NaN, and False in `maybe_best`.

    Attributes:
      draws: [draws, rows] effects, positive where better than the reference; NaN likewise.
      middle: medians of effects; draws with few degrees of freedom have no mean.
      p_best: probability that the row has the best true metric.
      p_near: probability that its true metric is within 2 % of the best.
      maybe_best: the smallest set that holds the best with a probability of at least 95 %.
      more_seeds: seeds of the row and of the best one that would tell whether they differ, or are
        equal within 2 %; 0 where that is settled, infinite where it is out of reach.
    """

    draws: np.ndarray
    middle: np.ndarray
    p_best: np.ndarray
    p_near: np.ndarray
    maybe_best: np.ndarray
    more_seeds: np.ndarray

    @property
    def best(self) -> int:
        """Returns the row with the best effect."""
        return int(np.nanargmax(self.middle))


def judge_starts(
    pool: Pool, ranked: Sequence[np.ndarray] | None = None, draws: int = DRAWS, seed: int = 0
) -> list[StartChoice | None]:
    """Judges the starts of each target of a pool.

    Args:
      pool: whose baselines are the references.
      ranked: for each target, [1 + chains] which rows may be chosen; all by default.
      draws: number of draws of the effects.
      seed: random seed of the draws.

    Returns:
      The choice for each target; None where noise is unknown or no row can be chosen.
    """
    if pool.noise is None:
        return [None] * len(pool.targets)
    drawn = draw_ratios(pool, draws, np.random.default_rng(seed))
    found: list[StartChoice | None] = []
    for i, (own, errors) in enumerate(zip(pool.targets, pool.noise.targets, strict=True)):
        effects = np.concatenate([np.zeros((draws, 1)), drawn[i]], axis=1)
        chosen = np.isfinite(effects[0])
        if ranked is not None:
            chosen &= ranked[i]
        effects[:, ~chosen] = np.nan
        found.append(_choose(own, errors, effects, chosen, pool.sign) if chosen.any() else None)
    return found


def draw_ratios(pool: Pool, draws: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws true log ratios to the baseline, [draws, chains] for each target of a pool.

    Ratios of chains with a source borrow from each other; those of other starts stand alone. They
    are NaN where a chain or its baseline has no value, and where noise is unknown.
    """
    found = [np.full((draws, len(own.places)), np.nan) for own in pool.targets]
    if pool.noise is None:
        return found
    if pool.posterior is not None:
        drawn = pool.posterior.draw(draws, rng)
        column = {place: i for i, place in enumerate(pool.places)}
        for own, part in zip(pool.targets, found, strict=True):
            for i, place in enumerate(own.places):
                if place in column:
                    part[:, i] = drawn[:, column[place]]
    for own, errors, part in zip(pool.targets, pool.noise.targets, found, strict=True):
        alone = ~own.sourced & np.isfinite(own.ratios)
        normal = rng.standard_t(errors.df[alone], (draws, alone.sum()))
        deviation = np.sqrt((errors.own + errors.shared)[alone])
        part[:, alone] = own.ratios[alone] + normal * deviation
    return found


def find_metric_bounds(own: TargetRuns, errors: TargetErrors) -> np.ndarray:
    """Returns the 95 % interval of each row's mean metric over runs like these, [rows, 2].

    It holds for the evaluation images at hand.
    """
    counts = np.maximum(own.counts, 1)
    center = (np.where(own.weights > 0, own.table, 0.0) * own.weights).sum(1)
    center = np.where(own.counts > 0, center, np.nan)
    df = np.append(np.median(errors.df), errors.df)
    half = verdicts.interval_factor(df) * np.sqrt(errors.run / counts)
    logs = center[:, None] + half[:, None] * np.array([-1.0, 1.0])
    return log_scale.from_log(logs, own.level)


def _choose(
    own: TargetRuns, errors: TargetErrors, effects: np.ndarray, chosen: np.ndarray, sign: float
) -> StartChoice:
    """Compares the effects of the rows that may be chosen."""
    rows = np.flatnonzero(chosen)
    drawn = effects[:, rows]
    near = log_scale.from_gain(POSITIVE, sign)
    best = np.full(len(chosen), np.nan)
    close, middle, more = best.copy(), best.copy(), best.copy()
    best[rows] = np.bincount(drawn.argmax(1), minlength=len(rows)) / len(drawn)
    close[rows] = (drawn.max(1, keepdims=True) - drawn <= near).mean(0)
    middle[rows] = np.median(drawn, axis=0)
    maybe = np.zeros(len(chosen), bool)
    ordered = rows[np.argsort(-best[rows], kind="stable")]
    before = np.cumsum(best[ordered]) - best[ordered]
    maybe[ordered[before < verdicts.LEVEL - 1e-9]] = True
    first = rows[np.argmax(middle[rows])]
    maybe[first] = True
    same = (np.abs(effects[:, [first]] - drawn) <= near).mean(0) >= verdicts.LEVEL
    images = np.append(0.0, own.image_variance)
    needed = verdicts.count_more_seeds(
        middle[rows] - middle[first],
        errors.run[rows] + errors.run[first],
        np.minimum(own.counts[rows], own.counts[first]),
        np.maximum(images[rows], images[first]),
    )
    more[rows] = np.where(same | ~maybe[rows], 0.0, needed)
    return StartChoice(effects, middle, best, close, maybe, more)
