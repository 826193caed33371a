"""Computes the gains of depth targets by the accuracy delta < 1.25 (Appendix C, Table A.9)."""

import pandas as pd

from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study.dataset import DEPTH
from foi_tf.study.results import EXTRA

DELTA1 = "delta1"


def compute_delta1_gains(analysis: StudyAnalysis) -> pd.DataFrame:
    """Computes the gains of the same depth runs by their accuracy instead of their RMSE.

    RMSE still chooses among learning rates, so that both numbers of a chain are of one model.

    Args:
      analysis: of the results of a study.

    Returns:
      Rows as `gains.with_gains` returns them, with the metric "delta1". Chains whose rows have no
      `extra.delta1` are left out. Intervals are over seeds alone.
    """
    column = EXTRA + DELTA1
    if column not in analysis.best_runs:
        return analysis.chains.iloc[:0]
    runs = analysis.best_runs
    runs = runs[(runs.target_type == DEPTH) & runs[column].notna()]
    if runs.empty:
        return analysis.chains.iloc[:0]
    runs = runs.assign(value=runs[column], metric=DELTA1)
    baselines = _turn_to_delta1(analysis.baselines)
    by_seed = gains.add_gains(runs, baselines)
    return gains.add_certainty(gains.mean_gains(by_seed), by_seed, baselines)


def _turn_to_delta1(baselines: gains.Baselines) -> gains.Baselines:
    """Returns the baselines of depth targets with the accuracy as their value."""
    found: gains.Baselines = {}
    for key, by_seed in baselines.items():
        named = dict(zip(gains.BASELINE, key, strict=True)) | {"metric": DELTA1}
        own = {
            seed: run | {"value": run[EXTRA + DELTA1], "metric": DELTA1}
            for seed, run in by_seed.items()
            if named["target_type"] == DEPTH and not pd.isna(run[EXTRA + DELTA1])
        }
        if own:
            found[tuple(named.values())] = own
    return found
