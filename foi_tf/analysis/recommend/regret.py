"""What following a rule costs: its picks against the best source that was tried."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from foi_tf.analysis.measures.gains import relative_gain
from foi_tf.analysis.measures.summary import TARGET
from foi_tf.analysis.recommend.rules import rank_sources
from foi_tf.study.metrics import higher_is_better

PICKS = (1, 3)
RANDOM = "random"
MEASURES = (*(f"regret_{k}" for k in PICKS), "worst", "best_found", "weighted_tau")
COLUMNS = ["rule", "targets", *MEASURES]


def compute_regrets(tried: pd.DataFrame) -> pd.Series:
    """How much worse each source did than the best one of its target, in % of the best.

    NaN for all sources of a target where the best value is 0, of which nothing is a share.

    Values are held against each other as shares of their baselines, where all sources of the
    target have one: sources may have been tried with different seeds, whose baselines differ.

    Args:
      tried: pairs with `metric`, `value` and `baseline`.
    """
    targets = [tried[name] for name in TARGET]
    known = (tried.baseline > 0).groupby(targets).transform("all")
    values = tried.value / tried.baseline.where(known, 1.0)
    signs = np.array([1.0 if higher_is_better(name) else -1.0 for name in tried.metric])
    best = (signs * values).groupby(targets).transform("max") * signs
    return pd.Series(
        [
            0.0 - relative_gain(value, top, higher_is_better(metric))
            for value, top, metric in zip(values, best, tried.metric, strict=True)
        ],
        index=tried.index,
        dtype=float,
    )


def evaluate_rules(tried: pd.DataFrame, scores: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Regret and rank correlation of each rule, and of picking at random, averaged over targets.

    Targets with fewer than two sources, or with a best value of 0, say nothing about a rule
    and are left out, as are for each rule those that it has not scored all sources of.

    Args:
      tried: pairs (`candidates.COLUMNS`) with `metric`, `value` and `baseline`, of one
        setting, backbone and family.
      scores: by rule, one number a pair, made without knowing the values of its target.

    Returns:
      One row a rule: `rule`; `targets`; `regret_1` and `regret_3`, the mean regret (%) of
      the best of its first picks; `worst`, the largest regret of the first pick;
      `best_found`, the share of targets whose best source is the first pick (%);
      `weighted_tau`, the mean of SciPy's `weightedtau` between scores and values.
    """
    tried = tried[tried.value.notna()].reset_index()
    tried = tried[tried.groupby(TARGET).value.transform("size") > 1]
    tried = tried.assign(regret=compute_regrets(tried)).dropna(subset="regret")
    rows = []
    for name, values in scores.items():
        own = values.reindex(tried["index"]).to_numpy()
        known = pd.Series(~np.isnan(own), tried.index)
        known = known.groupby([tried[key] for key in TARGET]).transform("all")
        if known.any():
            ordered = rank_sources(tried[known], pd.Series(own, tried.index)[known])
            rows.append((name, *_summary([_of_target(x) for _, x in ordered.groupby(TARGET)])))
    found = [_at_random(own.regret.to_numpy()) for _, own in tried.groupby(TARGET)]
    return pd.DataFrame([*rows, (RANDOM, *_summary(found))], columns=COLUMNS)


def _of_target(ordered: pd.DataFrame) -> tuple[float, ...]:
    """Of one target's sources from the first pick on: (regret at each of PICKS, best, tau)."""
    regret = ordered.regret.to_numpy()
    tau = stats.weightedtau(ordered.score.to_numpy(float), -regret).statistic
    return (*(regret[:k].min() for k in PICKS), float(regret[0] == 0), tau)


def _at_random(regret: np.ndarray) -> tuple[float, ...]:
    """The same, as expected of an order drawn at random; exactly, not by drawing."""
    ordered = np.sort(regret)
    return (*(_expected_least(ordered, k) for k in PICKS), float((regret == 0).mean()), 0.0)


def _expected_least(ordered: np.ndarray, picks: int) -> float:
    """The expected minimum of `picks` of some ascending numbers, drawn without replacement."""
    count = len(ordered)
    picks = min(picks, count)
    ways = [math.comb(count - 1 - i, picks - 1) for i in range(count)]
    return float(np.dot(ordered, ways) / math.comb(count, picks))


def _summary(targets: list[tuple[float, ...]]) -> tuple[float, ...]:
    if not targets:
        return (0, *[math.nan] * len(MEASURES))
    *regrets, best, tau = np.array(targets).T
    return (
        len(targets), *(r.mean() for r in regrets), regrets[0].max(), 100 * best.mean(),
        np.nanmean(tau) if not np.isnan(tau).all() else math.nan,
    )  # fmt: skip
