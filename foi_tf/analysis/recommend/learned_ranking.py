"""A ranking learnt from the results of other targets: a linear model of the known factors.

Ours; the paper tells which factors matter, not how to weigh them against each other.
"""

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.summary import TARGET
from foi_tf.analysis.recommend.candidates import same_domain, same_type
from foi_tf.analysis.recommend.regret import compute_regrets
from foi_tf.errors import FoiError

FACTORS = ("same domain", "same task type", "log of training images", "nearness")
_RIDGE = 1.0  # In units of a target's pairs; ours. Keeps unused factors at zero.


def fit_weights(tried: pd.DataFrame) -> np.ndarray:
    """Weights of `FACTORS`, from the targets that were tried with several sources.

    Each factor is standardized within its target, since rankings are; what is fitted by
    ridge regression is each source's rank among those of its target.

    Args:
      tried: as `past_transfers.select_past_transfers` returns it.

    Raises:
      FoiError: no target has two sources.
    """
    several = tried[tried.groupby(TARGET).source.transform("size") > 1]
    several = several.assign(regret=compute_regrets(several)).dropna(subset="regret")
    if several.empty:
        raise FoiError("no target was tried with two sources; a ranking cannot be learnt")
    groups = [several[name] for name in TARGET]
    outcome = (-several.regret).groupby(groups).rank(pct=True)
    outcome = (outcome - outcome.groupby(groups).transform("mean")).to_numpy()
    known = _standardized(several)
    return np.linalg.solve(known.T @ known + _RIDGE * np.eye(len(FACTORS)), known.T @ outcome)


def score_pairs(pairs: pd.DataFrame, weights: np.ndarray) -> pd.Series:
    """The weighted sum of each pair's factors (`candidates.COLUMNS`)."""
    return pd.Series(_standardized(pairs) @ weights, pairs.index)


def score_left_out(tried: pd.DataFrame) -> pd.Series:
    """A score for each pair, by weights fitted to all other target datasets.

    NaN where no other target was tried with two sources.
    """
    found = pd.Series(np.nan, tried.index)
    for _, own in tried.groupby("target"):
        try:
            weights = fit_weights(tried.drop(own.index))
        except FoiError:
            continue
        found[own.index] = score_pairs(own, weights)
    return found


def _standardized(pairs: pd.DataFrame) -> np.ndarray:
    """[pairs, FACTORS], mean 0 and deviation 1 within each target; 0 where not known."""
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
    # A constant factor deviates by rounding errors alone.
    return (centered / deviation.where(deviation > 1e-9)).fillna(0.0).to_numpy()
