"""Describes how sure the gain of each chain is, as columns."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from foi_tf.analysis.uncertainty import log_scale, verdicts
from foi_tf.analysis.uncertainty.effect_model import EffectPosterior, ObservedEffects
from foi_tf.analysis.uncertainty.gain_levels import LEVELS, NEGATIVE, POSITIVE
from foi_tf.analysis.uncertainty.run_noise import RunNoise, TargetErrors
from foi_tf.analysis.uncertainty.target_runs import TargetRuns
from foi_tf.wording import count_noun

NUMBERS = (
    "gain_low", "gain_high", "gain_shrunk", "p_better", "p_practical", "p_worse", "p_level",
    "more_seeds", "noise", "df",
)  # fmt: skip
_LIMITS = (0.0, NEGATIVE, POSITIVE, LEVELS["VP"][0])
TINY = 1e-12


@dataclasses.dataclass(frozen=True, eq=False)
class Pool:
    """Holds runs that have the same noise, and what they say.

    Attributes:
      key: the values of `POOL`.
      targets: the runs of each target.
      noise: their noise; None if it is unknown.
      places: the place of each chain whose effect is known, among all chains of the study.
      sign: -1 where lower values are better.
      seen: observed effects of those chains; None for no chain.
      posterior: the distribution of their true effects; None likewise.
    """

    key: tuple[str, ...]
    targets: Sequence[TargetRuns]
    noise: RunNoise | None
    places: np.ndarray
    sign: float
    seen: ObservedEffects | None
    posterior: EffectPosterior | None


def describe_pool(pool: Pool, chains: pd.DataFrame) -> pd.DataFrame:
    """Returns what is known of a pool's chains, by their place among all chains."""
    if pool.noise is None:
        return pd.DataFrame()
    pairs = zip(pool.targets, pool.noise.targets, strict=True)
    found = pd.concat([_list_errors(own, errors) for own, errors in pairs]).set_index("place")
    found = found[found.ratio.notna()]
    found["level"] = chains.level.to_numpy()[found.index]
    deviation = np.sqrt(found.variance)
    for limit in _LIMITS:
        distance = found.ratio - log_scale.from_gain(limit, pool.sign)
        found[limit] = stats.t.cdf(distance / np.maximum(deviation, TINY), found.df)
    found["shrunk"] = found.ratio
    if pool.posterior is not None:
        found.loc[pool.places, "shrunk"] = pool.posterior.mean
        for limit in _LIMITS:
            above = pool.posterior.probability_above(log_scale.from_gain(limit, pool.sign))
            found.loc[pool.places, limit] = above
    half = stats.t.ppf((1 + verdicts.LEVEL) / 2, found.df) * deviation
    low, high = (log_scale.to_gain(found.ratio + side * half, pool.sign) for side in (-1, 1))
    better, worse = found[0.0].to_numpy(), 1 - found[NEGATIVE]
    significant = verdicts.find_significant(low, high, better)
    same = found[NEGATIVE] - found[POSITIVE]
    more = verdicts.count_more_seeds(found.shrunk, found.run, found.seeds, found.image_variance)
    words = verdicts.find_verdicts(low, better, same, significant)
    return pd.DataFrame(
        {
            "gain_low": low,
            "gain_high": high,
            "gain_shrunk": log_scale.to_gain(found.shrunk, pool.sign),
            "p_better": better,
            "p_practical": found[POSITIVE],
            "p_worse": worse,
            "p_level": _level_probabilities(found),
            "more_seeds": np.where(np.isin(words, verdicts.SETTLED), 0.0, more),
            "noise": 100 * np.sqrt(found.own_run),
            "df": found.df,
            "significant": significant,
            "verdict": words,
            "spread_from": [_describe_noise(pool.noise, images) for images in found.images],
        },
        found.index,
    )


def _list_errors(own: TargetRuns, errors: TargetErrors) -> pd.DataFrame:
    """Returns the observed log ratio of each chain of a target and what its error is made of."""
    counts = own.counts
    return pd.DataFrame(
        {
            "place": own.places,
            "ratio": own.ratios,
            "variance": errors.own + errors.shared,
            "df": errors.df,
            "own_run": errors.run[1:],
            "run": errors.run[1:] + errors.run[0],
            "seeds": np.minimum(counts[1:], counts[0]),
            "image_variance": own.image_variance,
            "images": own.images,
        }
    )


def _level_probabilities(found: pd.DataFrame) -> np.ndarray:
    """Returns the probability that the true gain is at the chain's level; NaN without one."""
    above = {limit: found[limit] for limit in _LIMITS} | {np.inf: 0.0, -np.inf: 1.0}
    shares = np.full(len(found), np.nan)
    for name, (low, high) in LEVELS.items():
        shares = np.where(found.level == name, above[low] - above[high], shares)
    return shares


def _describe_noise(noise: RunNoise, images: int) -> str:
    """Says in words where noise is known from."""
    text = f"{count_noun(noise.chains, 'chain')} with several seeds"
    if noise.borrowed:
        text += f", {noise.borrowed} setting"
    if noise.bound:
        text = f"the spread of {count_noun(noise.chains, 'source')}, at least that of runs"
    return f"{text}, and {count_noun(images, 'image')}" if images else text
