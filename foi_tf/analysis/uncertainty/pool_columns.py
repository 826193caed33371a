"""Describes how sure the gain of each chain is, as columns."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import special

from foi_tf.analysis.uncertainty import log_scale, verdicts
from foi_tf.analysis.uncertainty.effect_model import EffectPosterior, ObservedEffects
from foi_tf.analysis.uncertainty.gain_levels import LEVELS, NEGATIVE, POSITIVE
from foi_tf.analysis.uncertainty.run_noise import RunNoise, TargetErrors
from foi_tf.analysis.uncertainty.target_runs import TargetRuns
from foi_tf.wording import count_noun

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


def describe_pool(pool: Pool, levels: np.ndarray) -> dict[str, np.ndarray]:
    """Describes the chains of a pool.

    Args:
      levels: the level of each chain of the study, by place.

    Returns:
      The columns of `NoiseModel.columns`, and the `place` of each row; empty for unknown noise.
    """
    if pool.noise is None:
        return {}
    seen = _list_errors(pool.targets, pool.noise.targets)
    deviation = np.maximum(np.sqrt(seen["variance"]), TINY)
    shrunk, df = seen["ratio"].copy(), seen["df"]
    limits = {limit: log_scale.from_gain(limit, pool.sign) for limit in _LIMITS}
    above = {name: special.stdtr(df, (shrunk - x) / deviation) for name, x in limits.items()}
    if pool.posterior is not None:
        chosen = np.searchsorted(seen["place"], pool.places, sorter=np.argsort(seen["place"]))
        chosen = np.argsort(seen["place"])[chosen]
        shrunk[chosen] = pool.posterior.mean
        for name, x in limits.items():
            above[name][chosen] = pool.posterior.probability_above(x)
    half = verdicts.interval_factor(df) * deviation
    low, high = (log_scale.to_gain(seen["ratio"] + side * half, pool.sign) for side in (-1, 1))
    p_value = 2 * special.stdtr(df, -np.abs(seen["ratio"]) / deviation)
    significant = verdicts.find_significant(seen["ratio"], p_value, above[0.0])
    words = verdicts.find_verdicts(
        seen["ratio"], above[0.0], above[NEGATIVE] - above[POSITIVE], significant
    )
    more = verdicts.count_more_seeds(shrunk, seen["run"], seen["seeds"], seen["image_variance"])
    texts = {images: _describe_noise(pool.noise, int(images)) for images in set(seen["images"])}
    return {
        "place": seen["place"],
        "gain_low": low,
        "gain_high": high,
        "gain_shrunk": log_scale.to_gain(shrunk, pool.sign),
        "p_better": above[0.0],
        "p_practical": above[POSITIVE],
        "p_worse": 1 - above[NEGATIVE],
        "p_level": _level_probabilities(levels[seen["place"]], above),
        "more_seeds": np.where(np.isin(words, verdicts.SETTLED), 0.0, more),
        "noise": 100 * np.sqrt(seen["own_run"]),
        "df": df,
        "significant": significant,
        "verdict": words,
        "spread_from": np.array([texts[images] for images in seen["images"]], object),
    }


def _list_errors(
    targets: Sequence[TargetRuns], errors: Sequence[TargetErrors]
) -> dict[str, np.ndarray]:
    """Lists the observed log ratio of each chain that has one, and what its error is made of."""
    parts = []
    for own, error in zip(targets, errors, strict=True):
        known = np.isfinite(own.ratios)
        parts.append(
            {
                "place": np.array(own.places)[known],
                "ratio": own.ratios[known],
                "variance": error.own[known] + error.shared,
                "df": error.df[known],
                "own_run": error.run[1:][known],
                "run": error.run[1:][known] + error.run[0],
                "seeds": np.minimum(own.counts[1:], own.counts[0])[known],
                "image_variance": own.image_variance[known],
                "images": np.full(known.sum(), own.images),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _level_probabilities(levels: np.ndarray, above: dict[float, np.ndarray]) -> np.ndarray:
    """Returns the probability that the true gain is at the chain's level; NaN without one."""
    bounds = above | {np.inf: np.zeros(len(levels)), -np.inf: np.ones(len(levels))}
    shares = np.full(len(levels), np.nan)
    for name, (low, high) in LEVELS.items():
        shares = np.where(levels == name, bounds[low] - bounds[high], shares)
    return shares


def _describe_noise(noise: RunNoise, images: int) -> str:
    """Says in words where noise is known from."""
    text = noise.describe()
    return f"{text}, and {count_noun(images, 'image')}" if images else text
