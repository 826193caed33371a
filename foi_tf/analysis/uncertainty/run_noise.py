"""Estimates how far a chain's log ratio is off, from all runs of its kind in a study.

A run's log metric is a sum of effects of the chain and of the seed, and of noise. Runs of all
chains with the same task type, setting, backbone, pre-training and metric tell how large it is.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from foi_tf.analysis.uncertainty.pooled_variance import VariancePrior, fit_prior
from foi_tf.analysis.uncertainty.target_runs import TargetRuns
from foi_tf.wording import count_noun

BORROWED_DF = 4.0  # Variances from another setting or target have so many; ours.
LEAST_SOURCES = 4  # The spread of fewer does not stand in for that of seeds; ours.
TINY = 1e-12


@dataclasses.dataclass(frozen=True, eq=False)
class TargetErrors:
    """Holds variances of the errors of one target's log ratios.

    Attributes:
      own: [chains] variances that chains do not share.
      shared: variance of the error that all chains share: that of the baseline, and of the seeds
        that only the baseline has.
      df: [chains] degrees of freedom of their sum.
      run: [1 + chains] variances of single runs, the baseline's first.
      typical: [chains] as `own`, if all runs of the target had the same noise.
    """

    own: np.ndarray
    shared: float
    df: np.ndarray
    run: np.ndarray
    typical: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class RunNoise:
    """Holds the noise of runs of one task type, setting, backbone, pre-training and metric.

    Attributes:
      deviation: standard deviation of a run's log metric, in %, typical of the targets.
      df: degrees of freedom of all runs behind it.
      chains: number of chains with several seeds, or with `bound` of sources.
      bound: whether the spread of sources stands in for that of seeds, which is at least as large.
      borrowed: name of the setting that the noise is taken from; "" for its own.
      seed_share: share of the variance that runs with the same seed have in common.
      kurtosis: excess kurtosis of standardized residuals, 0 for a normal distribution; NaN where
        there are too few.
      targets: errors by target, in the order of the runs.
    """

    deviation: float
    df: float
    chains: int
    bound: bool
    borrowed: str
    seed_share: float
    kurtosis: float
    targets: Sequence[TargetErrors]

    def describe(self) -> str:
        """Says in words where the noise is known from."""
        if self.bound:
            return f"the spread of {count_noun(self.chains, 'source')}, at least that of runs"
        text = f"{count_noun(self.chains, 'chain')} with several seeds"
        return f"{text}, {self.borrowed} setting" if self.borrowed else text


@dataclasses.dataclass(frozen=True, eq=False)
class _Level:
    """Holds the variance of runs of each target, [targets], and its degrees of freedom."""

    variance: np.ndarray
    df: np.ndarray


def measure_noise(
    targets: Sequence[TargetRuns], elsewhere: RunNoise | None = None, setting: str = ""
) -> RunNoise | None:
    """Measures the noise of the runs of several targets.

    Args:
      targets: their runs.
      elsewhere: the noise of another setting, for targets that all have single seeds.
      setting: name of that setting.

    Returns:
      The noise; None for single or equal seeds of few sources that cannot borrow.
    """
    df = np.array([one.residuals.df.sum() for one in targets])
    # Equal values, as those of an average precision over few boxes, say nothing of noise.
    if sum(one.residuals.squares.sum() + one.residuals.within for one in targets) > TINY:
        return _from_seeds(targets, df)
    if elsewhere is not None:
        variance = (elsewhere.deviation / 100) ** 2
        level = _Level(np.full(len(targets), variance), np.full(len(targets), BORROWED_DF))
        return dataclasses.replace(
            elsewhere,
            borrowed=setting,
            targets=_errors(targets, level, None, 0.0),
        )
    return _from_sources(targets)


def _from_seeds(targets: Sequence[TargetRuns], df: np.ndarray) -> RunNoise:
    """Measures the noise where some chains have several seeds."""
    squares = np.array([one.residuals.squares.sum() for one in targets])
    level = _moderate_targets(squares, df)
    scale = np.concatenate(
        [np.full(len(one.counts), v) for one, v in zip(targets, level.variance, strict=True)]
    )
    chain_squares = np.concatenate([one.residuals.squares for one in targets]) / scale
    chain_df = np.concatenate([one.residuals.df for one in targets])
    prior = fit_prior(chain_squares, chain_df)
    paired = [one.residuals for one in targets if one.residuals.paired]
    seeds = _seed_variance(paired)
    return RunNoise(
        deviation=100 * float(np.exp(np.log(level.variance[df > 0]).mean() / 2)),
        df=float(df.sum()),
        chains=int((chain_df > 0).sum()),
        bound=False,
        borrowed="",
        seed_share=seeds / (1 + seeds),
        kurtosis=_kurtosis(targets, level.variance),
        targets=_errors(targets, level, prior, seeds),
    )


def _from_sources(targets: Sequence[TargetRuns]) -> RunNoise | None:
    """Takes the spread of sources for that of runs, which is at most as large."""
    squares, df = np.array([one.spread_of_sources() for one in targets]).T
    df = np.where(df + 1 >= LEAST_SOURCES, df, 0.0)
    if squares[df > 0].sum() < TINY:  # Equal values say nothing of noise.
        return None
    level = _moderate_targets(np.where(df > 0, squares, 0.0), df)
    return RunNoise(
        deviation=100 * float(np.exp(np.log(level.variance[df > 0]).mean() / 2)),
        df=float(df.sum()),
        chains=int((df + 1)[df > 0].sum()),
        bound=True,
        borrowed="",
        seed_share=0.0,
        kurtosis=float("nan"),
        targets=_errors(targets, level, None, 0.0),
    )


def _moderate_targets(squares: np.ndarray, df: np.ndarray) -> _Level:
    """Returns variances by target, which borrow from those of the other targets."""
    prior = fit_prior(squares, df)
    if prior is None:
        raise ValueError("no target has degrees of freedom")
    if (df > 0).sum() > 1:
        return _Level(prior.moderate(squares, df), prior.df + df)
    return _Level(
        np.where(df > 0, np.maximum(squares / np.maximum(df, 1e-9), 1e-14), prior.variance),
        np.where(df > 0, df, np.minimum(BORROWED_DF, df.sum())),
    )


def _seed_variance(paired: Sequence) -> float:
    """Returns the variance of a seed's effect as a multiple of that of the rest."""
    within_df = sum(one.within_df for one in paired)
    left_df = sum(one.df.sum() for one in paired)
    left = sum(one.squares.sum() for one in paired)
    if not within_df or not left:
        return 0.0
    within = sum(one.within for one in paired) / within_df
    return max(within / (left / left_df) - 1, 0.0)


def _errors(
    targets: Sequence[TargetRuns], level: _Level, prior: VariancePrior | None, seeds: float
) -> list[TargetErrors]:
    """Returns the errors of each target.

    Args:
      prior: how the variances of chains spread around that of their target; None for not at all.
      seeds: variance of a seed's effect as a multiple of that of the rest.
    """
    found = []
    for one, variance, df in zip(targets, level.variance, level.df, strict=True):
        counts = np.maximum(one.counts, 1)
        run, run_df = np.full(len(counts), variance), np.full(len(counts), np.inf)
        if prior is not None:
            run = variance * prior.moderate(one.residuals.squares / variance, one.residuals.df)
            run_df = prior.df + one.residuals.df
        mean = run / counts
        unpaired, common = one.unpaired_seeds() if one.residuals.paired else (0.0, 0.0)
        extra = one.image_variance
        own = mean[1:] + seeds * unpaired * variance + extra
        shared = mean[0] + seeds * common * variance
        total = own + shared
        # Satterthwaite's approximation; all parts but images rest on the target's variance.
        parts = mean[1:] ** 2 / run_df[1:] + mean[0] ** 2 / run_df[0]
        parts += (total - extra) ** 2 / df + extra**2 / max(one.images - 1, 1)
        typical = variance * (1 / counts[1:] + seeds * unpaired) + extra
        df = total**2 / np.maximum(parts, 1e-300)
        found.append(TargetErrors(own, float(shared), df, run, typical))
    return found


def _kurtosis(targets: Sequence[TargetRuns], variance: np.ndarray) -> float:
    """Returns the excess kurtosis of residuals; NaN for fewer than 30 degrees of freedom."""
    second, fourth, count = 0.0, 0.0, 0.0
    for one, scale in zip(targets, variance, strict=True):
        chosen = one.residuals.df > 0
        left = one.residuals.left[chosen][np.isfinite(one.table[chosen])]
        second += (left**2).sum() / scale
        fourth += (left**4).sum() / scale**2
        count += len(left)
    if sum(one.residuals.df.sum() for one in targets) < 30 or not second:
        return float("nan")
    return float(fourth * count / second**2 - 3)
