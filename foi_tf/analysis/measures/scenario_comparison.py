"""Compares the same chains in several scenarios: signs of gains, and best sources.

Section 7 and Appendix B report these comparisons beside Tables A.1 to A.4.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.gains import NEGATIVE, POSITIVE, transfers
from foi_tf.study.dataset import CONTRASTIVE

_KEY = ["setting", "target", "target_type", "metric", "source", "source_type"]
_GAINS = ("gain_1", "gain_2")
_THREE = 3  # "the best three sources are the same but have a different order" (Appendix B).


class ScenarioPair(NamedTuple):
    """Holds the chains of one setting and target type in two scenarios.

    Attributes:
      setting, target_type: of all of these chains.
      first, second: names of the scenarios.
      first_chains, second_chains: chains as `gains.with_gains` returns them.
    """

    setting: str
    target_type: str
    first: str
    second: str
    first_chains: pd.DataFrame
    second_chains: pd.DataFrame


def pair_scenarios(scenarios: Mapping[str, pd.DataFrame]) -> Iterator[ScenarioPair]:
    """Yields each ordered pair of scenarios with chains in common, by setting and target type."""
    parts = {
        name: {
            (str(setting), str(target_type)): part
            for (setting, target_type), part in own.groupby(["setting", "target_type"])
        }
        for name, own in scenarios.items()
    }
    for first, second in itertools.permutations(scenarios, 2):
        for key in sorted(parts[first].keys() & parts[second].keys()):
            setting, target_type = key
            one, other = parts[first][key], parts[second][key]
            if len(_join_scenarios(one, other)):
                yield ScenarioPair(setting, target_type, first, second, one, other)


def compare_scenarios(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, float]:
    """Measures how the gains of one scenario change in another one.

    Gains are counted that Section 6 calls positive or negative: beyond 2 %.

    Args:
      first, second: chains of one setting and target type, each of one scenario, as
        `foi_tf.analysis.measures.gains.with_gains` returns them. Chains with a gain in both count.

    Returns:
      chains: number of chains that count.
      value, baseline: mean change of the metric over chains, and of baselines over targets.
      beyond: number of gains beyond 2 % in `first`.
      same_sign, kept: % of them that have the same sign in `second`; that are beyond 2 %
        there as well.
      turned: % of the negative ones in `first` that are positive in `second`.
      stronger: % of all gains that are further from 0 in `second`.
      targets: number of targets with a positive gain in `first`.
      best, three: % of them whose best source in `first` is that in `second` too; or else whose
        best three are the same, in any order, out of four at least.
      Shares of nothing are NaN.
    """
    both = _join_scenarios(first, second)
    up, down = both.gain_1 > POSITIVE, both.gain_1 < NEGATIVE
    still_up, still_down = both.gain_2 > POSITIVE, both.gain_2 < NEGATIVE
    beyond = up | down
    kept = (up & still_up) | (down & still_down)
    same = np.sign(both.gain_1) == np.sign(both.gain_2)
    by_target = both.drop_duplicates(["target"])
    found = compare_best_sources(first, second)
    return {
        "chains": len(both),
        "value": (both.value_2 - both.value_1).mean(),
        "baseline": (by_target.baseline_2 - by_target.baseline_1).mean(),
        "beyond": int(beyond.sum()),
        "same_sign": _percentage(same[beyond]),
        "kept": _percentage(kept[beyond]),
        "turned": _percentage(still_up[down]),
        "stronger": _percentage(both.gain_2.abs() > both.gain_1.abs()),
        "targets": len(found),
        "best": _percentage(found.kept == "best"),
        "three": _percentage(found.kept != "no"),
    }


def compare_best_sources(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Finds the best source of each target in both scenarios.

    Targets without a positive gain in the first scenario are left out.

    Args:
      first, second: as in `compare_scenarios`.

    Returns:
      One row a target: `target`, `source`, `gain` (%), and in the second scenario `gain_2` of
      that source, `best_2` and `best_gain_2`; `kept`: "best", "three" or "no".
    """
    lines = []
    for target, own in _join_scenarios(first, second).groupby("target", sort=True):
        # Among equal gains, the first by name counts, in both scenarios.
        ranked = [own.sort_values(by, ascending=False, kind="stable") for by in _GAINS]
        best, other = (order.iloc[0] for order in ranked)
        if not best.gain_1 > POSITIVE:
            continue
        top = [set(order.label[:_THREE]) for order in ranked]
        three = len(own) > _THREE and top[0] == top[1]
        kept = "best" if best.label == other.label else "three" if three else "no"
        found = best.gain_1, best.gain_2, other.gain_2
        lines.append((target, best.label, other.label, *found, kept))
    names = ["target", "source", "best_2", "gain", "gain_2", "best_gain_2", "kept"]
    return pd.DataFrame(lines, columns=names)


def self_supervised_effects(chains: pd.DataFrame) -> pd.DataFrame:
    """Compares sources that were trained without annotations with the baseline (Table A.4).

    Args:
      chains: of one scenario, as `foi_tf.analysis.measures.gains.with_gains` returns them.

    Returns:
      One row a setting, target type and source: `setting`, `target_type`, `source`; `targets`;
      the percentages `worse` (gain below 0) and `negative`; `change`, the mean change of the metric
      from the baseline; and `own_change`, that of the source's own dataset as the target.
    """
    own = chains[(chains.source_type == CONTRASTIVE) & chains.gain.notna()]
    lines = []
    for key, part in own.groupby(["setting", "target_type", "source"]):
        change = part.value - part.baseline
        of_itself = change[part.target == key[-1]]
        shares = _percentage(part.gain < 0), _percentage(part.gain < NEGATIVE)
        lines.append((*key, len(part), *shares, change.mean(), of_itself.mean()))
    names = ["setting", "target_type", "source", "targets"]
    return pd.DataFrame(lines, columns=[*names, "worse", "negative", "change", "own_change"])


def _join_scenarios(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Joins the chains with a gain in both scenarios; their numbers end in _1 and _2."""
    columns = [*_KEY, "value", "baseline", "gain"]
    sides = [transfers(side).dropna(subset="gain")[columns] for side in (first, second)]
    both = sides[0].merge(sides[1], on=_KEY, suffixes=("_1", "_2"))
    return both.assign(label=both.source + ":" + both.source_type).sort_values(_KEY)


def _percentage(chosen: pd.Series) -> float:
    """Returns the percentage of True values; NaN for none."""
    return 100 * chosen.mean() if len(chosen) else float("nan")
