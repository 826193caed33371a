"""Pools the noise of runs over chains, so that two seeds of one chain borrow from the others.

Sample variances of few seeds are noisy. As in Smyth's moderated t statistic (2004), they are taken
as draws around a common variance, and each is moved toward it by as much as their spread allows.
"""

import dataclasses

import numpy as np
from scipy import special

# Prior degrees of freedom that are tried; ours. The last one means equal variances.
PRIOR_DF = np.array([2.0, 3, 4, 6, 8, 12, 16, 24, 32, 64, 1e6])
ITERATIONS = 40  # Steps toward the common variance; ours.
TINY = 1e-14  # Keeps variances of equal values above 0.


@dataclasses.dataclass(frozen=True, eq=False)
class Residuals:
    """Holds what is left of the runs of one target without effects of the chain and the seed.

    Attributes:
      squares: [chains] sums of squared residuals.
      df: [chains] degrees of freedom; their sum is that of the table.
      within: sum of squares within chains, effects of the seed included.
      within_df: its degrees of freedom.
      paired: whether effects of the seed were removed.
      left: [chains, seeds] residuals; 0 where a chain lacks the seed.
    """

    squares: np.ndarray
    df: np.ndarray
    within: float
    within_df: float
    paired: bool
    left: np.ndarray


def find_residuals(table: np.ndarray) -> Residuals:
    """Removes effects of chains and of seeds from runs of one target.

    Runs with the same seed share what the seed decides, such as the subset of images. Their
    difference lacks it. Where few seeds are shared, effects of the seed stay in.

    Args:
      table: [chains, seeds] of log metrics; NaN where a chain lacks the seed.
    """
    known = np.isfinite(table)
    counts = known.sum(1)
    within = np.where(known, table - _row_means(table, known)[:, None], 0.0)
    own_df = np.maximum(counts - 1, 0).astype(float)
    within_df, squares = own_df.sum(), (within**2).sum(1)
    if not within_df:
        return Residuals(squares, own_df, 0.0, 0.0, False, within)
    left, df = _remove_seeds(table, within, known)
    if df < within_df / 3:  # Ours.
        return Residuals(squares, own_df, squares.sum(), within_df, False, within)
    own_df *= df / within_df
    return Residuals((left**2).sum(1), own_df, squares.sum(), within_df, True, left)


def _row_means(table: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns the mean of the known values of each row; 0 for none."""
    return np.where(known, table, 0.0).sum(1) / np.maximum(known.sum(1), 1)


def _remove_seeds(
    table: np.ndarray, within: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, float]:
    """Returns the residuals of an additive fit of chains and seeds, and their degrees of freedom.

    Args:
      within: `table` without the means of its rows.
    """
    chains, seeds = table.shape
    if known.all():
        return within - within.mean(0), float((chains - 1) * (seeds - 1))
    row, column = np.nonzero(known)
    design = np.hstack([np.eye(chains)[row], np.eye(seeds)[column]])
    effects, _, rank, _ = np.linalg.lstsq(design, table[known], rcond=None)
    left = np.zeros_like(table)
    left[known] = table[known] - design @ effects
    return left, float(len(row) - rank)


@dataclasses.dataclass(frozen=True)
class VariancePrior:
    """Holds the distribution of variances: scaled inverse chi-squared.

    Attributes:
      variance: its scale.
      df: its degrees of freedom, one of `PRIOR_DF`; the more, the more alike variances are.
    """

    variance: float
    df: float

    def moderate(self, squares: np.ndarray, df: np.ndarray) -> np.ndarray:
        """Returns variances that borrow from the prior, from sums of squares and their df."""
        return (self.df * self.variance + squares) / (self.df + df)


def fit_prior(squares: np.ndarray, df: np.ndarray) -> VariancePrior | None:
    """Fits the distribution of variances by maximum likelihood of the F distribution.

    Args:
      squares: [groups] sums of squares.
      df: [groups] their degrees of freedom; groups with 0 do not count.

    Returns:
      The prior; None if no group counts.
    """
    squares, df = squares[df > 0], df[df > 0]
    if not len(df):
        return None
    start = max(squares.sum() / df.sum(), TINY)
    scale = np.full(len(PRIOR_DF), start)
    prior = PRIOR_DF[:, None]
    for _ in range(ITERATIONS):
        share = squares / (squares + prior * scale[:, None])
        scale = np.maximum(scale * ((df + prior) * share).sum(1) / df.sum(), TINY)
    ratio = np.maximum(squares, TINY * df) / (prior * scale[:, None])
    likelihood = (
        special.gammaln((df + prior) / 2)
        - special.gammaln(prior / 2)
        + df / 2 * np.log(ratio)
        - (df + prior) / 2 * np.log1p(ratio)
    ).sum(1)
    # The mean of 1 / df over a flat prior: few groups neither prove nor exclude equal variances.
    weights = special.softmax(likelihood)
    best = float(np.exp(weights @ np.log(scale)))
    inverse = float(weights @ (1 / PRIOR_DF))
    return VariancePrior(best, 1 / inverse)
