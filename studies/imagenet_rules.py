"""Makes the table of IMAGENET.md on what it is worth to choose a source by a rule."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.measures.summary import TARGET
from foi_tf.analysis.recommend import past_transfers, source_ranking
from foi_tf.analysis.recommend.rules import rank_sources
from foi_tf.study.metrics import higher_is_better
from studies.markdown import format_table

PLAIN, CHANCE = "ImageNet alone", "a source by chance"
LEVEL = (2.5, 97.5)


def format_worth(
    analyses: Mapping[str, StudyAnalysis],
    scores: Mapping[str, pd.DataFrame],
    pairs: Mapping[str, str],
) -> str:
    """Returns the table of what the first pick of each rule gains, and how far it is from the best.

    True gains are drawn given all runs, and targets are drawn with them.

    Args:
      analyses: of the rows whose targets are of a task type, by that.
      scores: of transferability metrics and probes, as `pair_scores.read_scores` returns them,
        where there are some.
      pairs: which sources count, as `past_transfers.filter_task_types` takes it, by task type.
    """
    lines = []
    for kind, analysis in analyses.items():
        lines += _list_worth(kind, analysis, scores.get(kind), pairs[kind])
    header = ["targets of", "choice", "targets", "gain over ImageNet alone, %"]
    return format_table([*header, "worse than the best start, %"], lines, words=2)


def _list_worth(
    kind: str, analysis: StudyAnalysis, scores: pd.DataFrame | None, pairs: str
) -> list[list[str]]:
    """Lists the lines of a task type, the rule first whose pick is nearest to the best."""
    tried = past_transfers.select_past_transfers(analysis.mean_gains, "small", analysis.distances)
    tried = past_transfers.filter_task_types(tried, pairs, [])
    better = higher_is_better(analysis.mean_gains.metric.iloc[0])
    sign = 1 if better else -1
    ratios = 1 + sign * past_transfers.draw_gains(tried, analysis) / 100
    places = list(tried.groupby(TARGET).indices.values())
    # ImageNet alone is a start, too.
    every = [np.pad(ratios[:, own], ((0, 0), (0, 1)), constant_values=1.0) for own in places]
    best = np.stack([own.max(1) if better else own.min(1) for own in every], axis=1)
    weights = np.random.default_rng(0).multinomial(
        len(places), np.full(len(places), 1 / len(places)), len(ratios)
    )
    lines = []
    for rule, shares in _list_picks(tried, scores).items():
        picked = np.stack(
            [ratios[:, own] @ shares[own] + 1 - shares[own].sum() for own in places], 1
        )
        gain, lost = 100 * sign * (picked - 1), 100 * sign * (1 - picked / best)
        cells = [_say(values, (values * weights).mean(1)) for values in (gain, lost)]
        lines.append((lost.mean(), [kind, rule, f"{len(places)}", *cells]))
    return [line for _, line in sorted(lines)]


def _list_picks(tried: pd.DataFrame, scores: pd.DataFrame | None) -> dict[str, np.ndarray]:
    """Lists the share that each pair has in the choice of its target's source, by rule."""
    found = {PLAIN: np.zeros(len(tried))}
    found[CHANCE] = (1 / tried.groupby(TARGET).source.transform("size")).to_numpy()
    for rule, own in source_ranking.score_past_transfers(tried, [], [], scores).items():
        if own.notna().all():
            ranked = rank_sources(tried.assign(pair=tried.index), own)
            first = ranked[ranked["rank"] == 1].pair
            found[f"`{rule}`"] = tried.index.isin(first).astype(float)
    return found


def _say(values: np.ndarray, drawn: np.ndarray) -> str:
    """Formats the mean of values, and the interval of draws of it."""
    low, high = np.percentile(drawn, LEVEL)
    mean, low, high = np.round([values.mean(), low, high], 1) + 0.0  # No -0.0.
    return f"{mean:.1f} ({low:.1f} to {high:.1f})"
