"""Tells how sure it is which rule costs least, by drawing targets, sources and settings (ours).

Rules are compared over few targets. Which one comes first there may hang on some of them, or on a
single source. So whole targets, sources and settings are drawn again, independently of each other
(the pigeonhole bootstrap of Owen, 2007), and true gains where their draws are known.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.measures import two_way
from foi_tf.analysis.measures.summary import TARGET
from foi_tf.analysis.recommend.rules import rank_sources
from foi_tf.study.metrics import higher_is_better

DRAWS = 1000  # Ours.
WINNING_SHARE = 0.8  # A rule that comes first in fewer draws has not won; ours.
SETTING = "setting"
COLUMNS = ["rule", "compared", "regret", "low", "high", "wins"]


def resample_regrets(
    tried: pd.DataFrame,
    scores: Mapping[str, pd.Series],
    gain_draws: np.ndarray | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Draws the regret of each rule's first pick, and counts which rule has the smallest.

    A rule picks among the sources of a draw, and is compared with the best of these. Targets count
    that have two sources with a value, a best value other than 0, and a score of each source by
    every rule. Rules without any score are left out.

    Args:
      tried: pairs with `candidates.PAIR_COLUMNS`, `metric`, `value` and `baseline`; with the
        column `setting` if they are of several.
      scores: a score for each pair, by rule.
      gain_draws: [draws, pairs] draws of the true gain (%) of each pair; without them, or where
        they are NaN, values are taken as they are.
      draws: number of draws if there are none of gains.
      seed: random seed.

    Returns:
      One row for each rule, the best first: `rule`; how many targets are `compared`, one of
      several settings once in each; `regret` in % of the best, mean over targets; its 95 %
      interval, `low` to `high`, see `two_way.jackknife_interval`; and `wins`, the share of draws
      in which it has the smallest regret. Rules that come first together share the draw.
    """
    names = [name for name, own in scores.items() if own.notna().any()]
    if not names:
        return pd.DataFrame([], columns=COLUMNS)
    known = tried.value.notna().to_numpy()
    gain_draws = None if gain_draws is None else gain_draws[:, known]
    tried = tried[known].reset_index()
    scored = pd.DataFrame({name: scores[name].loc[tried["index"]].to_numpy() for name in names})
    if SETTING not in tried:
        tried = tried.assign(**{SETTING: ""})
    values = _values(tried, gain_draws)
    usable = scored.notna().all(axis=1)
    ranks = _rank(tried[usable], scored[usable]).reindex(tried.index).to_numpy()
    compared = [
        places
        for places in tried.groupby([*TARGET, SETTING], sort=True).indices.values()
        if usable.iloc[places].all() and len(places) > 1 and values[0, places].max() > 0
    ]
    if not compared:
        return pd.DataFrame([], columns=COLUMNS)
    lower = np.array([not higher_is_better(name) for name in tried.metric])

    def average(values: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
        return _average(compared, ranks, values, weights, lower)

    units = [_codes(tried[columns]) for columns in (TARGET, ["source", "source_type"], [SETTING])]
    means = average(values[:1], [np.ones((1, len(tried)))] * 3)[:, 0]
    without = [average(values[:1], _leave_out(units, place)) for place in (0, 1)]
    intervals = [
        two_way.jackknife_interval(*own, scale=two_way.POSITIVE)
        for own in zip(means, *without, strict=True)
    ]
    rng = np.random.default_rng(seed)
    count = draws if gain_draws is None else len(gain_draws)
    drawn = average(values[-count:], [
        two_way.draw_weights(codes.max() + 1, count, rng)[:, codes] for codes in units
    ])  # fmt: skip
    drawn = drawn[:, ~np.isnan(drawn).any(0)]
    first = np.isclose(drawn, drawn.min(0), rtol=0, atol=1e-9)
    columns = (
        names,
        len(compared),
        means,
        *zip(*intervals, strict=True),
        (first / first.sum(0)).mean(1),
    )
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    return table.sort_values(["regret", "rule"], ignore_index=True)


def find_winner(resampled: pd.DataFrame) -> str:
    """Returns the rule that wins in at least `WINNING_SHARE` of the draws; "" if none does."""
    won = resampled[resampled.wins >= WINNING_SHARE]
    return str(won.rule.iloc[0]) if len(won) else ""


def _values(tried: pd.DataFrame, gain_draws: np.ndarray | None) -> np.ndarray:
    """Returns the values of pairs as shares of their baselines, [1 + draws, pairs], or [1, pairs].

    Where a target lacks a baseline, its values are taken as they are.
    """
    targets = [tried[name] for name in [*TARGET, SETTING]]
    known = tried.baseline.gt(0).groupby(targets).transform("all")
    seen = (tried.value / tried.baseline.where(known, 1.0)).to_numpy(float)[None]
    if gain_draws is None:
        return seen
    sign = np.array([1.0 if higher_is_better(name) else -1.0 for name in tried.metric])
    drawn = np.maximum(1 + sign * gain_draws / 100, 0.0)
    return np.concatenate([seen, np.where(np.isnan(drawn) | ~known.to_numpy(), seen, drawn)])


def _codes(frame: pd.DataFrame) -> np.ndarray:
    """Returns the unit of each pair as a number from 0 on."""
    return pd.factorize(pd.MultiIndex.from_frame(frame))[0]


def _leave_out(units: Sequence[np.ndarray], place: int) -> list[np.ndarray]:
    """Returns weights of pairs by target, source and setting without each unit of one of these."""
    codes = units[place]
    kept = (np.arange(codes.max() + 1)[:, None] != codes).astype(float)
    return [kept if i == place else np.ones_like(kept) for i in range(len(units))]


def _rank(tried: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Returns the rank of each pair by each rule, from 1 within target and setting."""
    found = pd.DataFrame(index=tried.index, columns=list(scored), dtype=float)
    for _, own in tried.groupby(SETTING):
        numbered = own.assign(pair=own.index)
        for name in scored:
            ranked = rank_sources(numbered, scored[name][own.index]).set_index("pair")["rank"]
            found.loc[ranked.index, name] = ranked
    return found


def _average(
    compared: Sequence[np.ndarray],
    ranks: np.ndarray,
    values: np.ndarray,
    weights: Sequence[np.ndarray],
    lower: np.ndarray,
) -> np.ndarray:
    """Computes the regret of each rule, mean over targets.

    Args:
      compared: the pairs of each target in a setting.
      ranks: [pairs, rules], from 1 for the first pick.
      values: [samples, pairs] or [1, pairs].
      weights: [samples, pairs] how often the target of each pair counts, its source, and its
        setting.
      lower: [pairs] whether lower values are better.

    Returns:
      [rules, samples] in % of the best; NaN where no target counts.
    """
    of_target, of_source, of_setting = weights
    total = np.zeros(len(of_target))
    sums = np.zeros((ranks.shape[1], len(of_target)))
    for places in compared:
        lost, known = _pick(
            ranks[places], values[:, places], of_source[:, places] > 0, lower[places[0]]
        )
        counted = of_target[:, places[0]] * of_setting[:, places[0]] * known
        total += counted
        sums += lost * counted
    return np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)


def _pick(
    ranks: np.ndarray, values: np.ndarray, present: np.ndarray, lower: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Lets each rule pick a source of one target.

    Args:
      ranks: [sources, rules], from 1 for the first pick.
      values: [1 + draws, sources] or [1, sources].
      present: [1 + draws, sources] whether each was drawn.
      lower: whether lower values are better.

    Returns:
      [rules, 1 + draws] regret in %, and [1 + draws] whether any source with a value was drawn.
    """
    seen = np.where(present, values, np.inf if lower else -np.inf)
    best = seen.min(1) if lower else seen.max(1)
    known = present.any(1) & (best > 0)
    regrets = []
    for order in np.argsort(ranks, axis=0).T:
        first = order[present[:, order].argmax(1)]
        ratio = np.take_along_axis(seen, first[:, None], 1)[:, 0] / np.where(known, best, 1.0)
        regrets.append(np.where(known, 100 * (ratio - 1 if lower else 1 - ratio), 0.0))
    return np.array(regrets), known
