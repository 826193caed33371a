"""What `foi-recommend` prints: all ways to rank sources, by their names."""

import types
from collections.abc import Sequence

import pandas as pd

from foi_tf.analysis.recommend import candidates, learned_ranking, pair_scores, rules
from foi_tf.analysis.recommend.transferability import METRICS
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.choices import FITTED
from foi_tf.study.dataset import SEGMENTATION, Task
from foi_tf.study.feature_files import Features
from foi_tf.study.registry import DATASETS

WITHOUT_POINTS = (*rules.RULES, FITTED)
TEXTS = types.MappingProxyType(
    {name: rule.text for name, rule in rules.RULES.items()}
    | {FITTED: f"{', '.join(learned_ranking.FACTORS)}, weighed by the results of other targets"}
    | {
        name: f"what the source model's features say of the target ({metric.publication})"
        for name, metric in METRICS.items()
    }
)


def recommend_sources(
    target: str,
    by: str,
    only: Sequence[str],
    features: Sequence[Features],
    before: pd.DataFrame | None,
) -> pd.DataFrame:
    """The sources of a target, the best first, and why.

    Args:
      target: a dataset, or dataset:type.
      by: one of `TEXTS`.
      only: the source tasks that count; empty for all that something is known of.
      features: for transferability metrics, points of the target by source models (and any of
        own source datasets, whose domain and size are else not known); for other ways, of the
        target's and other datasets by one network, which then are the candidates. Without any
        the paper's datasets are.
      before: as `past_transfers.select_past_transfers` returns it: what "fitted" learns from, and what is already
        known of the target.

    Returns:
      One row a source: `rank`, `source` (a task), `score`, `source_domain`, `same_domain`,
      `same_type`, `n_source`, `distance`, the measured `gain` where `before` has some, and `why`.

    Raises:
      FoiError: target or sources are unknown, or something is missing to rank them by.
    """
    task = _find(target, features)
    indexed = pair_scores.index_by_pair(features) if by in METRICS else {}
    if by in METRICS:
        pairs = pair_scores.list_scored_sources(
            task, indexed, candidates.describe_datasets(DATASETS, features)
        )
    elif features:
        pairs = candidates.list_feature_candidates(
            task, candidates.select_target_network(task.dataset, features)
        )
    else:
        pairs = candidates.list_dataset_candidates(task, DATASETS)
    pairs = _only(pairs, [Task.parse(text) for text in only])
    if by == FITTED:
        pairs = _learnable(pairs, before)
        scores = learned_ranking.score_pairs(
            pairs, learned_ranking.fit_weights(before[before.target != task.dataset])
        )
    elif by in METRICS:
        scores = pair_scores.compute_scores(by, pairs, indexed)
    else:
        scores = rules.RULES[by].score(pairs)
    ranked = rules.rank_sources(pairs, scores)
    shown = ["rank", "source", "score", "source_domain", "same_domain", "same_type", "n_source"]
    shown += ["distance"]
    names = ranked.source + ":" + ranked.source_type
    ranked = ranked.assign(
        same_domain=candidates.same_domain(ranked),
        same_type=candidates.same_type(ranked),
        why=rules.explain_sources(ranked),
    )
    if before is not None and before.gain.notna().any():
        own = before[(before.target == task.dataset) & (before.target_type == task.type)]
        ranked["gain"] = names.map(own.set_index(own.source + ":" + own.source_type).gain)
        shown.append("gain")
    return ranked.assign(source=names)[[*shown, "why"]]


def default_ranking(target: str, features: Sequence[Features]) -> str:
    """What to go by where nothing is said: "leep" if all source models can tell, else "advice".

    The first pick of LEEP cost 2.4 % where that of the advice cost 7.1, over the 17 segmentation
    targets of the rendered collection (studies/FINDINGS.md).

    Args:
      target, features: as `recommend_sources` takes them.
    """
    task = _find(target, features)
    seen = [
        found.points.probabilities is not None
        for pair, found in pair_scores.index_by_pair(features).items()
        if pair[:2] == (task.dataset, task.type)
    ]
    return "leep" if task.type == SEGMENTATION and seen and all(seen) else "advice"


def score_past_transfers(
    tried: pd.DataFrame,
    names: Sequence[str],
    features: Sequence[Features],
    known: pd.DataFrame | None = None,
) -> dict[str, pd.Series]:
    """What each rule makes of pairs that were tried, without the results of their targets.

    Args:
      tried: see `past_transfers.select_past_transfers`.
      names: of `TEXTS`, or of the columns of `known`; by default those of `known` and all
        that need no points.
      features: points of the targets by the source models, for transferability metrics.
      known: as `pair_scores.read_scores` returns it; what it has is taken from there.

    Raises:
      FoiError: a name is neither.
    """
    columns = [] if known is None else list(known.columns.drop(candidates.PAIR))
    indexed = pair_scores.index_by_pair(features)
    found = {}
    for name in names or dict.fromkeys([*WITHOUT_POINTS, *columns]):
        if name in columns:
            found[name] = pair_scores.look_up_scores(name, tried, known)
        elif name == FITTED:
            found[name] = learned_ranking.score_left_out(tried)
        elif name in METRICS:
            found[name] = pair_scores.compute_scores(name, tried, indexed)
        elif name in rules.RULES:
            found[name] = rules.RULES[name].score(tried)
        else:
            raise unknown_name_error("rule", name, [*TEXTS, *columns], where="--by")
    return found


def _find(target: str, features: Sequence[Features]) -> Task:
    types_of = {name: row.classes for name, row in DATASETS.items()}
    types_of |= {each.origin.dataset: each.origin.train for each in features}
    return candidates.find_target(target, types_of)


def _learnable(pairs: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """The pairs between task types that were tried; of others results say nothing."""
    between = ["target_type", "source_type"]
    seen = pd.MultiIndex.from_frame(before[between])
    known = pairs[pd.MultiIndex.from_frame(pairs[between]).isin(seen)]
    if known.empty:
        raise FoiError(
            f"the results have no transfer to {pairs.target_type.iloc[0]}; nothing can be learnt"
        )
    return known.reset_index(drop=True)


def _only(pairs: pd.DataFrame, wanted: Sequence[Task]) -> pd.DataFrame:
    if not wanted:
        return pairs
    have = [Task(*names) for names in pairs[["source", "source_type"]].to_numpy()]
    for task in wanted:
        if task not in have:
            known = ", ".join(map(str, sorted(have)))
            raise FoiError(f"--sources: nothing is known of {task}; known: {known}")
    return pairs[[task in wanted for task in have]].reset_index(drop=True)
