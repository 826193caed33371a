"""Converts metrics to logarithms, and differences of those to gains.

Near 0 a logarithm has no bound, so there it goes on as a straight line. A run that found nothing
then has a loss of 100 %.
"""

import numpy as np

STRAIGHT = 0.25  # The line starts at this share of the baseline; ours.


def to_log(values: np.ndarray, baseline: float) -> np.ndarray:
    """Returns logarithms of metrics relative to the baseline's, straight near 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.asarray(values, float) / baseline
        line = np.log(STRAIGHT) + share / STRAIGHT - 1
        return np.where(share < STRAIGHT, line, np.log(np.maximum(share, STRAIGHT)))


def to_gain(better: np.ndarray, sign: float) -> np.ndarray:
    """Returns gains in % (Eq. 2).

    Args:
      better: differences of logarithms of a chain and its baseline, positive where it is better.
      sign: -1 where lower values are better.
    """
    return sign * 100 * (from_log(sign * np.asarray(better, float), 1.0) - 1)


def from_log(logs: np.ndarray, baseline: float) -> np.ndarray:
    """Returns the metrics whose `to_log` relative to the baseline's is given."""
    logs = np.asarray(logs, float)
    share = np.exp(np.maximum(logs, np.log(STRAIGHT)))
    line = STRAIGHT * np.maximum(1 + logs - np.log(STRAIGHT), 0)
    return baseline * np.where(logs < np.log(STRAIGHT), line, share)


def from_gain(gain: float, sign: float) -> float:
    """Returns the difference of logarithms, positive for a better chain, of a gain in %."""
    return float(sign * to_log(np.array(1 + sign * gain / 100), 1.0))
