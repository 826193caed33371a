"""Ranks sources by any of the rules that `foi-recommend` knows."""

import types
from collections.abc import Mapping, Sequence

import pandas as pd

from foi_tf.analysis.measures.summary import PAIR, same_domain, same_type
from foi_tf.analysis.recommend import (
    candidates,
    learned_ranking,
    pair_scores,
    past_transfers,
    rules,
)
from foi_tf.analysis.recommend.transferability import METRICS
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study.choices import FITTED, PROBE, PROBE_LOSS
from foi_tf.study.dataset import Task
from foi_tf.study.feature_files import Features
from foi_tf.study.probe_files import ProbeScore
from foi_tf.study.registry import DATASETS

# Rules that need no points of the target.
WITHOUT_POINTS = (*rules.RULES, FITTED)
# Descriptions of all rules, by name.
TEXTS = types.MappingProxyType(
    {name: rule.text for name, rule in rules.RULES.items()}
    | {FITTED: f"{', '.join(learned_ranking.FACTORS)}, weighed by the results of other targets"}
    | {
        name: f"how well the source model's features tell the annotation ({metric.publication})"
        for name, metric in METRICS.items()
    }
    | {
        PROBE: "the metric of a head on the frozen source model",
        PROBE_LOSS: "the loss of a head on the frozen source model",
    }
)


def recommend_sources(
    target: str,
    by: str,
    only: Sequence[str],
    features: Sequence[Features],
    before: pd.DataFrame | None,
    probes: Sequence[ProbeScore] = (),
) -> pd.DataFrame:
    """Ranks the sources of a target and gives reasons.

    Args:
      target: the target, written dataset or dataset:type.
      by: name of the rule, one of `TEXTS`.
      only: source tasks to rank; empty for all candidates.
      features: for transferability metrics, features with points of the target by source models;
        features of the user's own source datasets tell their domain and size. For other rules,
        features of the target's dataset and of others by one network: these datasets are the
        candidates. If there are only features with points of the target, the models behind
        them are. Without features, the paper's datasets are the candidates.
      before: past transfers as `past_transfers.select_past_transfers` returns them, or None. The
        rule "fitted" learns from those to other targets; those to this target give `gain`.
      probes: for the rules of probes, those of the target; their source models are the candidates.

    Returns:
      One row for each source, the best first, with these columns:
        rank: place of the source, from 1.
        source: the source task.
        score: score of the rule, where higher is better.
        source_domain: image domain of the source.
        same_domain: whether source and target share the image domain.
        same_type: whether source and target have the same task type.
        n_source: number of training images of the source; 0 if unknown.
        distance: distance of the target's images from the source's (Eq. 1); NaN if unknown.
        gain: measured gain in %; only if `before` has gains.
        gain_low, gain_high, verdict: its 95 % interval, and in words how sure it is; likewise.
        why: the facts for and against the source, in words.

    Raises:
      FoiError: the target or a source is unknown, or the rule lacks facts to rank a source.
    """
    task = find_target(target, features, probes)
    indexed = pair_scores.index_by_pair(features)
    probed = pair_scores.tabulate_probes(probes)
    by_probes = by in (PROBE, PROBE_LOSS)
    if by_probes or by in METRICS or _are_of_models(task, features, indexed):
        asked = map(tuple, probed[PAIR].to_numpy()) if by_probes else indexed
        pairs = pair_scores.list_model_sources(
            task, asked, candidates.describe_datasets(DATASETS, features)
        )
    elif features:
        pairs = candidates.list_feature_candidates(
            task, candidates.select_target_network(task.dataset, features)
        )
    else:
        pairs = candidates.list_dataset_candidates(task, DATASETS)
    pairs = _keep_sources(pairs, [Task.parse(text) for text in only])
    if by == FITTED:
        if before is None:
            raise FoiError(f"the rule '{FITTED}' learns from past transfers; give some")
        pairs = _keep_learnable(pairs, before)
        scores = learned_ranking.score_pairs(
            pairs, learned_ranking.fit_weights(before[before.target != task.dataset])
        )
    elif by in METRICS:
        scores = pair_scores.compute_scores(by, pairs, indexed)
    elif by_probes:
        scores = pair_scores.look_up_scores(by, pairs, probed)
    else:
        scores = rules.RULES[by].score(pairs)
    ranked = rules.rank_sources(pairs, scores)
    shown = ["rank", "source", "score", "source_domain", "same_domain", "same_type", "n_source"]
    shown += ["distance"]
    names = ranked.source + ":" + ranked.source_type
    ranked = ranked.assign(
        same_domain=same_domain(ranked),
        same_type=same_type(ranked),
        why=rules.explain_sources(ranked),
    )
    if before is not None and before.gain.notna().any():
        own = before[(before.target == task.dataset) & (before.target_type == task.type)]
        own = own.set_index(own.source + ":" + own.source_type)
        measured = ["gain", *(name for name in past_transfers.SURE if name in own)]
        ranked = ranked.assign(**{name: names.map(own[name]) for name in measured})
        shown += measured
    return ranked.assign(source=names)[[*shown, "why"]]


def score_past_transfers(
    tried: pd.DataFrame,
    names: Sequence[str],
    features: Sequence[Features],
    known: pd.DataFrame | None = None,
) -> dict[str, pd.Series]:
    """Scores past transfers by several rules, without the results of their targets.

    Args:
      tried: past transfers as `past_transfers.select_past_transfers` returns them.
      names: rules of `TEXTS`, or columns of `known`; empty for all columns of `known` and all
        rules that need no points.
      features: features with points of the targets by the source models, for transferability
        metrics.
      known: scores as `pair_scores.read_scores` returns them, or None; its columns replace rules
        of the same name.

    Returns:
      A score for each row of `tried`, by rule.

    Raises:
      FoiError: a name is neither a rule nor a column.
    """
    columns = [] if known is None else list(known.columns.drop(PAIR))
    indexed = pair_scores.index_by_pair(features)
    found = {}
    for name in names or dict.fromkeys([*WITHOUT_POINTS, *columns]):
        if known is not None and name in columns:
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


def find_target(
    target: str, features: Sequence[Features] = (), probes: Sequence[ProbeScore] = ()
) -> Task:
    """Finds a target among the paper's datasets and those with features or probes.

    Raises:
      FoiError: see `candidates.find_target`.
    """
    types_of = {name: set(row.classes) for name, row in DATASETS.items()}
    for each in features:
        types_of[each.origin.dataset] = set(each.origin.train)
    for probed in {Task.parse(each.origin.task) for each in probes}:
        types_of.setdefault(probed.dataset, set()).add(probed.type)
    return candidates.find_target(target, types_of)


def _are_of_models(
    target: Task, features: Sequence[Features], indexed: Mapping[pair_scores.PairKey, Features]
) -> bool:
    """Tells whether features know sources by their models alone, and not by their images."""
    datasets = {each.origin.dataset for each in features if each.points is None}
    return len(datasets) < 2 and any(pair[:2] == (target.dataset, target.type) for pair in indexed)


def _keep_learnable(pairs: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Keeps the pairs whose task types appear together in past transfers."""
    between = ["target_type", "source_type"]
    seen = pd.MultiIndex.from_frame(before[between])
    known = pairs[pd.MultiIndex.from_frame(pairs[between]).isin(seen)]
    if known.empty:
        raise FoiError(
            f"the results have no transfer to {pairs.target_type.iloc[0]}; run some of them first"
        )
    return known.reset_index(drop=True)


def _keep_sources(pairs: pd.DataFrame, wanted: Sequence[Task]) -> pd.DataFrame:
    """Keeps the pairs of the wanted sources; all if `wanted` is empty."""
    if not wanted:
        return pairs
    have = [Task(*names) for names in pairs[["source", "source_type"]].to_numpy()]
    for task in wanted:
        if task not in have:
            known = ", ".join(map(str, sorted(have)))
            raise FoiError(f"--sources: {task} is not a candidate; candidates: {known}")
    return pairs[[task in wanted for task in have]].reset_index(drop=True)
