"""Ranks sources for a target by facts that are known before any of them is tried."""

import dataclasses
import types
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.summary import TARGET, same_domain, same_type
from foi_tf.errors import FoiError
from foi_tf.study.results import MULTI_SOURCE

_ALWAYS = "coco"


@dataclasses.dataclass(frozen=True)
class Rule:
    """Describes a way to score sources.

    Attributes:
      score: function from pairs with `candidates.PAIR_COLUMNS` to a score for each, where higher
        is better. Only scores of one target are compared. A score is NaN where facts are missing.
      text: the facts that the rule uses, in words.
    """

    score: Callable[[pd.DataFrame], pd.Series]
    text: str


def _rank_share(pairs: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Returns the rank of each value within its target as a share in (0, 1), 1 for the largest."""
    groups = values.groupby([pairs[name] for name in TARGET])
    return groups.rank() / (groups.transform("size") + 1)


def _score_size(pairs: pd.DataFrame) -> pd.Series:
    """Scores sources by their number of training images."""
    return _rank_share(pairs, pairs.n_source.astype(float))


def _score_domain(pairs: pd.DataFrame) -> pd.Series:
    """Scores sources by the same domain, then by size."""
    return same_domain(pairs) + _score_size(pairs)


def _score_inclusion(pairs: pd.DataFrame) -> pd.Series:
    """Scores sources by how near they are to the target's images (Eq. 1)."""
    near = -pairs.distance
    least = near.groupby([pairs[name] for name in TARGET]).transform("min")
    # A model of several sources has no distance; it comes last (A5).
    return near.mask(near.isna() & (pairs.source == MULTI_SOURCE), least - 1)


def _score_advice(pairs: pd.DataFrame) -> pd.Series:
    """Scores sources by the paper's advice: domain, then task type, then size or inclusion.

    Domain and task type are ordered like the shares of positive transfers: 69, 43, 14 and 5 %
    (Table 7).
    """
    near = _rank_share(pairs, -pairs.distance).fillna(_score_size(pairs))
    best = _score_size(pairs).where(same_domain(pairs), near)
    # A model of several sources is good, but not as good as the largest source of the domain (A5).
    best = best.mask(pairs.source == MULTI_SOURCE, 0.0)
    return 2 * same_domain(pairs) + same_type(pairs) + best


RULES = types.MappingProxyType(
    {
        "advice": Rule(
            _score_advice,
            "the same image domain first, then the same task type; among these the largest "
            "source within the domain, models of several sources last, and across domains the one "
            "that includes the target best (the largest where no distances are known); the "
            "paper's findings A3 to A8",
        ),
        "inclusion": Rule(
            _score_inclusion,
            "the distance of target images from their closest source images (Eq. 1), models of "
            "several sources last",
        ),
        "domain": Rule(_score_domain, "the same image domain, then the number of training images"),
        "size": Rule(_score_size, "the number of training images"),
        "coco": Rule(
            lambda pairs: (pairs.source == _ALWAYS) + _score_size(pairs),
            "COCO always, then the number of training images",
        ),
    }
)


def rank_sources(pairs: pd.DataFrame, scores: pd.Series) -> pd.DataFrame:
    """Sorts the sources of each target from the best to the worst.

    Ties are broken by the same task type, then by the number of training images, then by name.

    Args:
      pairs: rows with `candidates.PAIR_COLUMNS`.
      scores: score of each pair, where higher is better.

    Returns:
      The rows with two more columns, `score` and `rank` (from 1 within the target).

    Raises:
      FoiError: a pair has no score.
    """
    if (missing := scores.isna()).any():
        first = pairs[missing].iloc[0]
        raise FoiError(
            f"{first.target}:{first.target_type}: the source {first.source}:{first.source_type} "
            "cannot be ranked without features; give --features with both"
        )
    ordered = pairs.assign(score=scores, same=same_type(pairs)).sort_values(
        [*TARGET, "score", "same", "n_source", "source", "source_type"],
        ascending=[True, True, False, False, False, True, True],
        ignore_index=True,
    )
    return ordered.drop(columns="same").assign(rank=ordered.groupby(TARGET).cumcount() + 1)


def explain_sources(pairs: pd.DataFrame) -> list[str]:
    """Returns a sentence for each pair with the facts for and against the source.

    Args:
      pairs: rows with `candidates.PAIR_COLUMNS`.
    """
    groups = pairs.groupby(TARGET).distance
    facts = pairs.assign(
        same_domain=same_domain(pairs),
        same_type=same_type(pairs),
        place=groups.rank(method="min"),
        sources=groups.transform("count"),
    )
    return [_explain_source(row) for row in facts.to_dict("records")]


def _explain_source(facts: Mapping[Hashable, Any]) -> str:
    """Returns the sentence of one pair, see `explain_sources`."""
    parts = [
        f"same domain ({facts['target_domain']})"
        if facts["same_domain"]
        else f"other domain ({facts['source_domain'] or 'unknown'})",
        "same task type" if facts["same_type"] else f"other task type ({facts['source_type']})",
        f"{facts['n_source']:,} training images"
        if facts["n_source"]
        else "training images not known",
    ]
    if not np.isnan(facts["distance"]):
        parts.append(
            f"target images {facts['distance']:.3g} away, "
            f"rank {facts['place']:.0f} of {facts['sources']}"
        )
    return "; ".join(parts)
