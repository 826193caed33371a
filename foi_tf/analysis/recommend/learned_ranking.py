"""Learns a ranking from the results of other targets, as a linear model of the known factors.

The model is ours. The paper tells which factors matter, but not how to weigh them.
"""

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.summary import TARGET, compute_regrets, same_domain, same_type
from foi_tf.errors import FoiError

FACTORS = ("same domain", "same task type", "log of training images", "nearness")
_RIDGE_PENALTY = 1.0  # In numbers of pairs; ours. Keeps weights of unused factors at zero.


def fit_weights(tried: pd.DataFrame) -> np.ndarray:
    """Fits weights of `FACTORS` to the targets that were tried with several sources.

    Ridge regression predicts the rank of each source among those of its target. Each factor is
    standardized within the target, since a ranking compares only sources of one target.

    Args:
      tried: past transfers as `past_transfers.select_past_transfers` returns them.

    Returns:
      [4] weights, in the order of `FACTORS`.

    Raises:
      FoiError: no target was tried with two sources.
    """
    several = tried[tried.groupby(TARGET).source.transform("size") > 1]
    several = several.assign(regret=compute_regrets(several)).dropna(subset="regret")
    if several.empty:
        raise FoiError(
            "no target was tried with two sources, so a ranking cannot be learned; run more sources"
        )
    groups = [several[name] for name in TARGET]
    ranks = (-several.regret).groupby(groups).rank(pct=True)
    outcome = (ranks - ranks.groupby(groups).transform("mean")).to_numpy()
    known = _standardize_factors(several)
    return np.linalg.solve(
        known.T @ known + _RIDGE_PENALTY * np.eye(len(FACTORS)), known.T @ outcome
    )


def score_pairs(pairs: pd.DataFrame, weights: np.ndarray) -> pd.Series:
    """Returns the weighted sum of the factors of each pair.

    Args:
      pairs: rows with `candidates.PAIR_COLUMNS`.
      weights: weights as `fit_weights` returns them.
    """
    return pd.Series(_standardize_factors(pairs) @ weights, pairs.index)


def score_left_out(tried: pd.DataFrame) -> pd.Series:
    """Scores each pair with weights that were fitted to all other target datasets.

    The score is NaN where no other target was tried with two sources.

    Args:
      tried: past transfers as `past_transfers.select_past_transfers` returns them.
    """
    found = pd.Series(np.nan, tried.index)
    for _, own in tried.groupby("target"):
        try:
            weights = fit_weights(tried.drop(own.index))
        except FoiError:
            continue
        found[own.index] = score_pairs(own, weights)
    return found


def _standardize_factors(pairs: pd.DataFrame) -> np.ndarray:
    """Returns the factors of each pair as [pairs, 4] numbers in the order of `FACTORS`.

    Within each target a factor has mean 0 and standard deviation 1. It is 0 where it is not known.
    """
    factors = pd.DataFrame(
        {
            "domain": same_domain(pairs).astype(float),
            "type": same_type(pairs).astype(float),
            "size": np.log(np.maximum(pairs.n_source, 1)),
            "near": -pairs.distance,
        },
        index=pairs.index,
    )
    groups = factors.groupby([pairs[name] for name in TARGET])
    centered = factors - groups.transform("mean")
    deviation = groups.transform("std", ddof=0)
    # The deviation of a constant factor consists of rounding errors only.
    return (centered / deviation.where(deviation > 1e-9)).fillna(0.0).to_numpy()
