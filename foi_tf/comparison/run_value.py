"""Says what further runs of a race are worth: by how much they would better the choice."""

import numpy as np
from scipy import stats

from foi_tf.analysis.uncertainty.start_posterior import StartPosterior


def value_next(posterior: StartPosterior, ran: np.ndarray) -> np.ndarray:
    """Returns how much one more run of each start is expected to better the choice, [starts].

    That is the knowledge gradient of Frazier et al. (2008), with each start for itself: a run of
    the leader may show it behind the second, a run of another may show it ahead of the leader.

    Args:
      posterior: distribution of the true log metrics.
      ran: [starts] whether a start has run.

    Returns:
      Log ratios of metrics.
    """
    mean, spread = posterior.draws.mean(0), posterior.draws.std(0)
    moved = spread**2 / np.hypot(spread, posterior.noise)  # The mean, by a run.
    known = np.where(ran, mean, -np.inf)
    leader = int(known.argmax())
    behind = np.abs(mean - mean[leader])
    behind[leader] = mean[leader] - np.delete(known, leader).max(initial=-np.inf)
    with np.errstate(invalid="ignore"):
        worth = moved * stats.norm.pdf(behind / moved) - behind * stats.norm.sf(behind / moved)
    worth = np.where(np.isfinite(behind), worth, 0.0)
    ahead = np.maximum(posterior.draws - mean[leader], 0).mean(0)  # No normal distribution.
    return np.where(ran, worth, ahead * (moved / spread) ** 2)


def value_seed(posterior: StartPosterior, chosen: int, running: np.ndarray) -> float:
    """Returns by how many percent one more seed of some starts is expected to better the choice.

    Args:
      posterior: distribution of the true log metrics.
      chosen: place of the start that is chosen now.
      running: [starts] whether a start would run.
    """
    draws, mean = posterior.draws, posterior.draws.mean(0)
    variance, noise = draws.var(0), posterior.noise
    weight = np.where(running, variance / (variance + noise**2), 0.0)
    seen = draws + noise * np.random.default_rng(2).standard_normal(draws.shape)
    later = mean + weight * (seen - mean)
    return float(100 * np.expm1(later.max(1).mean() - mean[chosen]))
