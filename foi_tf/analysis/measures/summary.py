"""Counts the effects of transfers (Tables 7, 8 and 11) and finds the best sources."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.gains import relative_gain, transfers
from foi_tf.study.dataset import OTHER_DOMAIN, STRUCTURED_TASK_TYPES
from foi_tf.study.grid import setting_order
from foi_tf.study.metrics import higher_is_better
from foi_tf.study.results import MULTI_SOURCE

NETWORK = ["backbone", "family"]
STUDY = ["setting", *NETWORK]  # Gains are counted together only where all of these agree.
TARGET = ["target", "target_type"]
PAIR = [*TARGET, "source", "source_type"]

WITHIN, CROSS = "within", "cross"  # Relations of source and target.
# The rows of Tables 7 and 8: (relation of image domains, relation of task types).
CONSTRAINTS = (("all", "all"), (WITHIN, WITHIN), (WITHIN, CROSS), (CROSS, WITHIN), (CROSS, CROSS))


def domain_relation(chains: pd.DataFrame) -> pd.Series:
    """Tells for each chain how the image domains of source and target are related.

    Multi-source models count as within, as they do in the paper's counts of experiments (Table
    7), which can be reproduced in no other way.

    Returns:
      "within", "cross", or "" where a domain is unknown or `OTHER_DOMAIN`.
    """
    same = (chains.source_domain == chains.target_domain).map({True: WITHIN, False: CROSS})
    multi = chains.source == MULTI_SOURCE
    unknown = ["", OTHER_DOMAIN]
    known = ~chains.source_domain.isin(unknown) & ~chains.target_domain.isin(unknown)
    return same.where(known, "").mask(multi, WITHIN)


def type_relation(chains: pd.DataFrame) -> pd.Series:
    """Tells for each chain whether it stays "within" the task type or goes "cross"."""
    return (chains.source_type == chains.target_type).map({True: WITHIN, False: CROSS})


def same_domain(pairs: pd.DataFrame) -> pd.Series:
    """Tells whether source and target share the image domain; multi-source models always do."""
    return domain_relation(pairs) == WITHIN


def same_type(pairs: pd.DataFrame) -> pd.Series:
    """Tells whether source and target have the same task type."""
    return type_relation(pairs) == WITHIN


def constrained(chains: pd.DataFrame, domain: str, task_type: str) -> pd.DataFrame:
    """Selects the transfers with a gain that meet one of `CONSTRAINTS`."""
    counted = transfers(chains)
    counted = counted[counted.gain.notna()]
    if domain != "all":
        counted = counted[domain_relation(counted) == domain]
    if task_type != "all":
        counted = counted[type_relation(counted) == task_type]
    return counted


def percentages(chains: pd.DataFrame) -> dict[str, float]:
    """Returns the percentages `P` (VP included), `VP` and `N` of chains, and their `count`.

    All chains weigh the same; one of several seeds counts by the share of its seeds. The
    percentages of no chains are NaN.
    """
    columns = {"P": chains.positive, "VP": chains.very_positive, "N": chains.negative}
    shares = {name: 100 * column.mean() for name, column in columns.items()}
    return shares | {"count": len(chains)}


def best_of_targets(chains: pd.DataFrame) -> pd.DataFrame:
    """Selects the chain with the largest gain of each target."""
    return chains.sort_values("gain", kind="stable").drop_duplicates(TARGET, keep="last")


def group_by_network(chains: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Groups chains by (backbone, family), those with the most transfers first.

    Backbones and families without a transfer are left out.
    """
    groups = {
        (str(backbone), str(family)): own for (backbone, family), own in chains.groupby(NETWORK)
    }
    groups = {key: own for key, own in groups.items() if len(transfers(own))}
    return dict(sorted(groups.items(), key=lambda x: (-len(transfers(x[1])), x[0])))


def group_by_setting(chains: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields each setting with its chains, in the paper's order."""
    groups = {str(setting): own for setting, own in chains.groupby("setting")}
    for setting in sorted(groups, key=lambda x: (setting_order(x), x)):
        yield setting, groups[setting]


def effect_shares(chains: pd.DataFrame) -> pd.DataFrame:
    """Returns the percentages of positive, very positive and negative transfers, as Table 7.

    Args:
      chains: of one setting, backbone and family, as `foi_tf.analysis.measures.gains.with_gains`
        returns them. Chains without a source or a gain do not count.

    Returns:
      One row for each of `CONSTRAINTS`: `domain`, `type`, the percentages `P`, `VP` and
      `N` (NaN where there are no transfers), and the `count` of transfers.
    """
    return _by_constraint(chains, lambda counted: counted)


def best_effect_shares(chains: pd.DataFrame) -> pd.DataFrame:
    """Returns `effect_shares` of each target's best source, as Table 8; `count` is of targets."""
    return _by_constraint(chains, best_of_targets)


def best_sources(chains: pd.DataFrame) -> pd.DataFrame:
    """Selects for each target task the transfer with the largest gain (the maxima of Table 8).

    Where seeds are unequal, that with the largest gain without luck is selected; see
    `foi_tf.analysis.uncertainty.selection.judge_best`.

    Args:
      chains: chains as `foi_tf.analysis.measures.gains.mean_gains` returns them, or `with_gains`.

    Returns:
      Rows of `chains` with more columns: the number of `sources` that were tried, and `alike`, a
      tuple of the other sources that cannot be told from the best. By setting, backbone and
      family, and then by descending gain.
    """
    tried = transfers(chains)
    tried = tried[tried.gain.notna()].sort_values("gain", ascending=False, kind="stable")
    target = [*STUDY, *TARGET, "metric"]
    tried = tried.assign(sources=tried.groupby(target).gain.transform("size"))
    if "gain_selected" in tried:
        chosen = tried.gain_selected.notna().sort_values(ascending=False, kind="stable")
        tried = tried.loc[chosen.index]
    best = tried.drop_duplicates(target)
    maybe = tried[tried.maybe_best] if "maybe_best" in tried else tried.iloc[:0]
    names = maybe.source + ":" + maybe.source_type
    by_target = names.groupby([maybe[name] for name in target]).agg(list).to_dict()
    alike = [
        tuple(x for x in by_target.get(tuple(key), ()) if x != f"{source}:{kind}")
        for *key, source, kind in best[[*target, "source", "source_type"]].to_numpy()
    ]
    best = best.assign(alike=pd.Series(alike, best.index, dtype=object))
    return best.sort_values([*STUDY, "gain"], ascending=[True] * 3 + [False], ignore_index=True)


def compute_regrets(tried: pd.DataFrame) -> pd.Series:
    """Returns how much worse each source did than the best one of its target, in % of the best.

    NaN for all sources of a target whose best value is 0, since no percentage of it exists.

    Where all sources of a target have a baseline, their values are compared as shares of it:
    sources may have been tried with different seeds, whose baselines differ.

    Args:
      tried: pairs with `metric`, `value` and `baseline`.
    """
    targets = [tried[name] for name in TARGET]
    known = tried.baseline.gt(0).groupby(targets).transform("all")
    values = tried.value / tried.baseline.where(known, 1.0)
    signs = np.array([1.0 if higher_is_better(name) else -1.0 for name in tried.metric])
    best = values.mul(signs).groupby(targets).transform("max") * signs
    return pd.Series(
        [
            0.0 - relative_gain(value, top, higher_is_better(metric))
            for value, top, metric in zip(values, best, tried.metric, strict=True)
        ],
        index=tried.index,
        dtype=float,
    )


def cross_type_shares(chains: pd.DataFrame) -> pd.DataFrame:
    """Returns the effects of transfers across task types within a dataset or domain, as Table 11.

    Args:
      chains: as in `effect_shares`; the paper's table has the small setting.

    Returns:
      One row for each pair of task types that has a transfer: `source_type`, `target_type`,
      and P, N and count on the same dataset (`same_P`, ...) and on others of the same domain
      (`other_P`, ...).
    """
    counted = constrained(chains, WITHIN, CROSS)
    table = []
    for source in STRUCTURED_TASK_TYPES:
        for target in STRUCTURED_TASK_TYPES:
            own = counted[(counted.source_type == source) & (counted.target_type == target)]
            if own.empty:
                continue
            row: dict[str, Any] = {"source_type": source, "target_type": target}
            for name, chosen in (
                ("same", own.source == own.target),
                ("other", own.source != own.target),
            ):
                found = percentages(own[chosen])
                row |= {f"{name}_{key}": found[key] for key in ("P", "N", "count")}
            table.append(row)
    return pd.DataFrame(table)


def _by_constraint(
    chains: pd.DataFrame, choose: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """Returns the percentages of the chosen chains under each of `CONSTRAINTS`."""
    return pd.DataFrame(
        [
            {"domain": domain, "type": task_type}
            | percentages(choose(constrained(chains, domain, task_type)))
            for domain, task_type in CONSTRAINTS
        ]
    )
