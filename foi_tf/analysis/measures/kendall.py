"""Computes Kendall's tau of many samples at once: permuted, weighted, or with groups left out.

Tau-b counts the pairs of observations that two variables order alike, minus those that they order
differently, as a share of those that neither ties.
"""

import numpy as np
from scipy import stats

_LARGEST = 1e30  # Only the order of values matters, and float32 is the fastest to compare.


def kendall_tau(first: np.ndarray, second: np.ndarray) -> float:
    """Returns Kendall's tau-b; NaN where either side is constant."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(stats.kendalltau(first, second).statistic)


def tau_of_samples(
    samples: np.ndarray, others: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Computes Kendall's tau-b of each sample of one variable with some other variables.

    Args:
      samples: [samples, N] values of one variable.
      others: [N, K] values of the other variables, the same for all samples.
      weights: [samples, N], how often each observation counts; by default once. An observation
        that is counted twice is tied with itself.

    Returns:
      [samples, K]; NaN where either side is constant.
    """
    samples = np.clip(samples, -_LARGEST, _LARGEST).astype(np.float32)
    if weights is not None:
        weights = np.asarray(weights, np.float32)
    order = np.sign(others[None, :, :] - others[:, None, :]).astype(np.float32)  # [N, N, K]
    alike = np.zeros((len(samples), others.shape[1]))
    untied, others_untied = np.zeros((len(samples), 1)), np.zeros_like(alike)
    for i in range(samples.shape[1] - 1):
        own = np.sign(samples[:, i + 1 :] - samples[:, i : i + 1])
        later = order[i, i + 1 :]
        if weights is None:
            alike += own @ later
            untied += np.count_nonzero(own, axis=1)[:, None]
            others_untied += np.abs(later).sum(0)
        else:
            once, both = weights[:, i : i + 1], weights[:, i + 1 :]
            alike += once * ((own * both) @ later)
            untied += once * (np.abs(own) * both).sum(1)[:, None]
            others_untied += once * (both @ np.abs(later))
    return _tau(alike, untied, others_untied)


def tau_between(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Computes Kendall's tau-b of two variables in each sample of both.

    Args:
      first, second: [samples, N] values of the variables.
      weights: [samples, N], how often each observation counts.

    Returns:
      [samples]; NaN where either side is constant.
    """
    sums = np.zeros((3, len(first)))
    for i in range(first.shape[1] - 1):
        one, other = (np.sign(own[:, i + 1 :] - own[:, i : i + 1]) for own in (first, second))
        counted = weights[:, i : i + 1] * weights[:, i + 1 :]
        sums += [(x * counted).sum(1) for x in (one * other, np.abs(one), np.abs(other))]
    return _tau(*sums)


def tau_without_groups(first: np.ndarray, second: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Computes Kendall's tau-b with each group of observations left out in turn.

    Args:
      first, second: [N] values of the two variables.
      codes: [N] the group of each observation, from 0 on.

    Returns:
      [groups]; NaN where either side is constant without the group.
    """
    one, other = (np.sign(values[:, None] - values) for values in (first, second))
    member = np.eye(codes.max() + 1)[codes]
    left = []
    for counted in (one * other, np.abs(one), np.abs(other)):
        by_group = member.T @ counted
        left.append(counted.sum() - 2 * by_group.sum(1) + (by_group * member.T).sum(1))
    return _tau(*left)


def _tau(alike: np.ndarray, untied: np.ndarray, others_untied: np.ndarray) -> np.ndarray:
    """Returns tau-b from sums over pairs of observations; NaN where all of them are tied."""
    pairs = np.sqrt(untied * others_untied)
    return np.divide(alike, pairs, out=np.full(np.shape(alike), np.nan), where=pairs > 0.5)
