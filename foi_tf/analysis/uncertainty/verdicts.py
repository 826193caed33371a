"""Says in words how sure a gain is, and how many more seeds would settle it."""

import numpy as np
from scipy import special, stats

LEVEL = 0.95  # Confidence level of intervals; ours.
# A p-value below it gives a star: less than 5 %, since heavy tails cost some; ours.
STAR = 0.03
PROBABLE = 0.8  # Probability from which a gain is "probably" positive or negative; ours.
POWER = 0.8  # Probability that more seeds settle what is true; ours.
MOST_SEEDS = 100  # More are called out of reach; ours.

CLEARLY_POSITIVE, PROBABLY_POSITIVE = "clearly positive", "probably positive"
CLEARLY_NEGATIVE, PROBABLY_NEGATIVE = "clearly negative", "probably negative"
NO_EFFECT, UNKNOWN = "no practical effect", "cannot be told"
VERDICTS = (
    CLEARLY_POSITIVE, PROBABLY_POSITIVE, UNKNOWN, NO_EFFECT, PROBABLY_NEGATIVE, CLEARLY_NEGATIVE,
)  # fmt: skip
SETTLED = (CLEARLY_POSITIVE, CLEARLY_NEGATIVE, NO_EFFECT)


def interval_factor(df: np.ndarray) -> np.ndarray:
    """Returns how many standard deviations an interval of `LEVEL` reaches to each side.

    Args:
      df: degrees of freedom of the variances.
    """
    return special.stdtrit(df, (1 + LEVEL) / 2)


def find_significant(ratio: np.ndarray, p_value: np.ndarray, better: np.ndarray) -> np.ndarray:
    """Tells which gains have a star.

    Both the chain alone and the probability that borrows from other chains have to exclude 0. At
    most 5 % of chains without an effect then have one, also where noise has heavy tails.

    Args:
      ratio: log ratios, positive where the chain is better.
      p_value: of the hypothesis that the chain has no effect; NaN where noise is unknown.
      better: probabilities that the gain is positive.
    """
    sure = np.where(ratio > 0, better, 1 - better) >= (1 + LEVEL) / 2
    return (p_value < STAR) & sure


def find_verdicts(
    ratio: np.ndarray, better: np.ndarray, same: np.ndarray, significant: np.ndarray
) -> np.ndarray:
    """Returns one of `VERDICTS` for each gain.

    Args:
      ratio: log ratios, positive where the chain is better.
      better: probabilities that the gain is positive.
      same: probabilities that the gain is within 2 %.
      significant: as `find_significant` returns them.
    """
    conditions = [
        same >= LEVEL,
        significant & (ratio > 0),
        significant,
        better >= PROBABLE,
        better <= 1 - PROBABLE,
    ]
    words = [
        NO_EFFECT, CLEARLY_POSITIVE, CLEARLY_NEGATIVE, PROBABLY_POSITIVE, PROBABLY_NEGATIVE,
    ]  # fmt: skip
    return np.select(conditions, words, UNKNOWN).astype(object)


def count_more_seeds(
    effect: np.ndarray, run_variance: np.ndarray, seeds: np.ndarray, fixed: np.ndarray
) -> np.ndarray:
    """Counts how many more seeds of chain and baseline would probably settle a gain.

    It is settled if its interval excludes 0, or lies within 2 %. With so many seeds, that
    happens with a probability of `POWER` if the true gain is the shrunk one.

    Args:
      effect: shrunk log ratios.
      run_variance: sum of the variances of a run of the chain and of one of the baseline.
      seeds: seeds of both so far, the fewer.
      fixed: variances that seeds do not reduce, of the finite evaluation images.

    Returns:
      Numbers of seeds; infinite beyond `MOST_SEEDS`.
    """
    far = np.abs(effect)
    margin = np.maximum(far, np.log(1.02) - far)
    normal = stats.norm.ppf((1 + LEVEL) / 2) + stats.norm.ppf(POWER)
    allowed = (margin / normal) ** 2 - fixed
    needed = np.where(allowed > 0, run_variance / np.where(allowed > 0, allowed, 1), np.inf)
    more = np.ceil(np.maximum(needed - seeds, 1))
    return np.where(more > MOST_SEEDS, np.inf, more)
