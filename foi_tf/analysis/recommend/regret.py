"""Measures the cost of following a rule: its picks against the best source that was tried."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from foi_tf.analysis.measures.summary import TARGET, compute_regrets
from foi_tf.analysis.recommend.resampled_regret import resample_regrets
from foi_tf.analysis.recommend.rules import rank_sources

PICKS = (1, 3)  # Numbers of first picks that regret is measured for.
RANDOM = "random"  # Name of the rule that picks at random.
MEASURES = (*(f"regret_{k}" for k in PICKS), "worst", "best_found", "weighted_tau")
CERTAINTY = ("low", "high", "wins")
COLUMNS = ["rule", "targets", *MEASURES, *CERTAINTY]


def evaluate_rules(
    tried: pd.DataFrame,
    scores: Mapping[str, pd.Series],
    gain_draws: np.ndarray | None = None,
) -> pd.DataFrame:
    """Computes regret and rank correlation of each rule, and of picking at random.

    Targets with fewer than two sources, or with a best value of 0, are left out, since they say
    nothing about a rule. For each rule, targets with a source that it did not score are left out,
    too.

    Args:
      tried: pairs with `candidates.PAIR_COLUMNS`, `metric`, `value` and `baseline`, of one
        setting, backbone and family.
      scores: a score for each pair, by rule; it must not depend on the values of its target.
      gain_draws: [draws, pairs] draws of the true gain of each pair, if they are known.

    Returns:
      One row for each rule with these columns:
        rule: name of the rule.
        targets: number of targets.
        regret_1, regret_3: regret in % of the best of the first 1 or 3 picks, mean over targets.
        worst: largest regret in % of the first pick.
        best_found: share in % of the targets whose best source is the first pick.
        weighted_tau: SciPy's `weightedtau` between scores and values, mean over targets.
        low, high: 95 % interval of regret_1; wins: share of the draws of targets, sources and
          gains in which the rule has the smallest regret_1. They are over the targets that all
          rules scored, see `resampled_regret.resample_regrets`; NaN for picking at random.
    """
    resampled = resample_regrets(tried, scores, gain_draws).set_index("rule")
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
            rows.append(
                (name, *_average_targets([_judge_target(x) for _, x in ordered.groupby(TARGET)]))
            )
    found = [_judge_random_order(own.regret.to_numpy()) for _, own in tried.groupby(TARGET)]
    table = pd.DataFrame(
        [*rows, (RANDOM, *_average_targets(found))], columns=["rule", "targets", *MEASURES]
    )
    return table.join(resampled[[*CERTAINTY]].astype(float), on="rule")


def _judge_target(ordered: pd.DataFrame) -> tuple[float, ...]:
    """Returns (regret at each of PICKS, whether the first pick is best, tau) of one target.

    Args:
      ordered: the target's sources from the first pick on, with `regret` and `score`.
    """
    regret = ordered.regret.to_numpy()
    tau = stats.weightedtau(ordered.score.to_numpy(float), -regret).statistic
    return (*(regret[:k].min() for k in PICKS), float(regret[0] == 0), tau)


def _judge_random_order(regret: np.ndarray) -> tuple[float, ...]:
    """Returns the exact expectations of `_judge_target` for an order drawn at random."""
    ordered = np.sort(regret)
    return (*(_expected_minimum(ordered, k) for k in PICKS), float((regret == 0).mean()), 0.0)


def _expected_minimum(ordered: np.ndarray, picks: int) -> float:
    """Returns the expected minimum of `picks` numbers drawn without replacement.

    Args:
      ordered: the numbers to draw from, ascending.
      picks: how many are drawn.
    """
    count = len(ordered)
    picks = min(picks, count)
    ways = [math.comb(count - 1 - i, picks - 1) for i in range(count)]
    return float(np.dot(ordered, ways) / math.comb(count, picks))


def _average_targets(targets: list[tuple[float, ...]]) -> tuple[float, ...]:
    """Returns the number of targets and the values of `MEASURES`, from those of the targets."""
    if not targets:
        return (0, *[math.nan] * len(MEASURES))
    *regrets, best, tau = np.array(targets).T
    return (
        len(targets), *(r.mean() for r in regrets), regrets[0].max(), 100 * best.mean(),
        np.nanmean(tau) if not np.isnan(tau).all() else math.nan,
    )  # fmt: skip
