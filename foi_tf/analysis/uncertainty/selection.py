"""Judges the best source of each target after it was chosen as the best of many.

The largest of several noisy gains is flattered: part of it is the luck for which it was chosen.
"""

import functools
from collections.abc import Iterator

import numpy as np
from scipy import optimize, special, stats

from foi_tf.analysis.uncertainty import log_scale, verdicts
from foi_tf.analysis.uncertainty.pool_columns import Pool

DRAWS = 2000  # Draws of all gains for the probability that a source is the best; ours.
LEAST_SHARE = -1.0  # Bound of the share of a gain's lead that is kept; ours.
NODES, QUANTILES = 48, 400  # Terms of two numerical integrals; ours.


def judge_best(pool: Pool) -> dict[str, np.ndarray]:
    """Judges which source of each target of a pool is the best.

    Returns:
      By column, for each chain with a source and a known noise:
      - `place` among all chains of the study;
      - `p_best`, the probability that it has the largest true gain of its target;
      - `maybe_best`, whether it belongs to the sources that cannot be told from the best, which
        hold the true best with a probability of at least 95 % (Hsu's comparison with the best);
      - `gain_selected`, the gain in % of the source that did best, without its luck; NaN for
        others.
    """
    if pool.seen is None or pool.posterior is None:
        return {}
    seen = pool.seen
    drawn = pool.posterior.draw(DRAWS, np.random.default_rng(0))
    share = _kept_shares(pool)
    p_best, maybe = np.zeros(len(seen.ratio)), np.zeros(len(seen.ratio), bool)
    selected = np.full(len(seen.ratio), np.nan)
    for own in _by_target(seen.target):
        p_best[own] = np.bincount(drawn[:, own].argmax(1), minlength=len(own)) / len(drawn)
        ratio, mean = seen.ratio[own], seen.ratio[own].mean()
        # Where nothing is kept of leads, the largest one is still the choice.
        best = np.argmax(np.maximum(share[own], 1e-3) * (ratio - mean))
        selected[own[best]] = mean + share[own[best]] * (ratio[best] - mean)
        maybe[own] = _cannot_be_told(ratio, seen.own[own], float(np.median(seen.df[own])))
    return {
        "place": pool.places,
        "p_best": p_best,
        "maybe_best": maybe,
        "gain_selected": np.where(
            np.isnan(selected), np.nan, log_scale.to_gain(selected, pool.sign)
        ),
    }


def _kept_shares(pool: Pool) -> np.ndarray:
    """Returns the share of each chain's lead over the mean of its target that is no luck.

    The James-Stein estimator without its bound at 0 has no bias for the largest of normal gains,
    whether or not sources differ: the bound would flatter the best source of none.
    """
    seen = pool.seen
    assert seen is not None
    groups = list(_by_target(seen.target))
    df = len(seen.ratio) - len(groups)
    if df < 2:
        return np.ones(len(seen.ratio))
    squares = sum(((seen.ratio[own] - seen.ratio[own].mean()) ** 2).sum() for own in groups)
    several = np.concatenate([own for own in groups if len(own) > 1])
    spread = squares / (df - 1)
    noise = seen.typical  # Estimates by chain would make the choice, too.
    total = np.maximum(spread + noise - noise[several].mean(), spread / 4)
    return np.maximum(1 - noise / np.maximum(total, 1e-12), LEAST_SHARE)


def _by_target(target: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the indices of the chains of each target."""
    for one in np.unique(target):
        yield np.flatnonzero(target == one)


def _cannot_be_told(ratio: np.ndarray, own: np.ndarray, df: float) -> np.ndarray:
    """Tells which sources of a target cannot be told from the best.

    The error of their baseline cancels.
    """
    best = ratio.argmax()
    if len(ratio) < 2:
        return np.ones(1, bool)
    bound = critical_value(len(ratio) - 1, max(round(df), 1))
    return ratio >= ratio[best] - bound * np.sqrt(own + own[best])


@functools.cache
def critical_value(others: int, df: int) -> float:
    """Returns Dunnett's one-sided critical value for comparisons of one mean with others.

    Args:
      others: number of other means, with the same variance.
      df: degrees of freedom of that variance.
    """
    nodes, weights = special.roots_hermitenorm(NODES)
    weights = weights / weights.sum()
    scale = np.sqrt(stats.chi2.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES, df) / df)

    def excess(value: float) -> float:
        below = stats.norm.cdf(np.sqrt(2) * value * scale[:, None] + nodes) ** others
        return float((below @ weights).mean()) - verdicts.LEVEL

    return float(optimize.brentq(excess, 0.0, 200.0))
