"""Ranking sources for a target by what can be known before any of them is tried."""

import dataclasses
import types
from collections.abc import Callable

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.summary import TARGET
from foi_tf.analysis.recommend.candidates import same_domain, same_type
from foi_tf.errors import FoiError
from foi_tf.study.results import MULTI_SOURCE

ALWAYS = "coco"


@dataclasses.dataclass(frozen=True)
class Rule:
    """A way to score sources.

    Attributes:
      score: pairs (`candidates.COLUMNS`) -> a number each, the higher the better; only
        those of one target are compared. NaN where it cannot say.
      text: what it goes by.
    """

    score: Callable[[pd.DataFrame], pd.Series]
    text: str


def _share(pairs: pd.DataFrame, values: pd.Series) -> pd.Series:
    """The rank of each value among those of its target, in (0, 1); the largest is highest."""
    groups = values.groupby([pairs[name] for name in TARGET])
    return groups.rank() / (groups.transform("size") + 1)


def _largest(pairs: pd.DataFrame) -> pd.Series:
    return _share(pairs, pairs.n_source.astype(float))


def _within(pairs: pd.DataFrame) -> pd.Series:
    return same_domain(pairs) + _largest(pairs)


def _inclusion(pairs: pd.DataFrame) -> pd.Series:
    near = -pairs.distance
    least = near.groupby([pairs[name] for name in TARGET]).transform("min")
    # There is no distance to several sources at once; they come last (A5).
    return near.mask(near.isna() & (pairs.source == MULTI_SOURCE), least - 1)


def _advice(pairs: pd.DataFrame) -> pd.Series:
    # The order of the shares of positive transfers: 69, 43, 14 and 5 % (Table 7).
    near = _share(pairs, -pairs.distance).fillna(_largest(pairs))
    best = _largest(pairs).where(same_domain(pairs), near)
    # Good, but less so than the largest source of the domain (A5).
    best = best.mask(pairs.source == MULTI_SOURCE, 0.0)
    return 2 * same_domain(pairs) + same_type(pairs) + best


RULES = types.MappingProxyType(
    {
        "advice": Rule(
            _advice,
            "the same image domain first, then the same task type; among these the largest "
            "source within the domain, models of several sources last, and across domains the one "
            "that includes the target best (the largest where no distances are known); the "
            "paper's A3 to A8",
        ),
        "inclusion": Rule(
            _inclusion,
            "the distance of target images from their closest source images (Eq. 1), models of "
            "several sources last",
        ),
        "domain": Rule(_within, "the same image domain, then the number of training images"),
        "size": Rule(_largest, "the number of training images"),
        "coco": Rule(
            lambda pairs: (pairs.source == ALWAYS) + _largest(pairs),
            "COCO always, then the number of training images",
        ),
    }
)


def rank_sources(pairs: pd.DataFrame, scores: pd.Series) -> pd.DataFrame:
    """The sources of each target from the best on, with `score` and `rank_sources` (from 1).

    Equal scores go by the same task type, the number of training images, then by name.

    Raises:
      FoiError: a pair has no score.
    """
    if (missing := scores.isna()).any():
        first = pairs[missing].iloc[0]
        raise FoiError(
            f"{first.target}:{first.target_type}: nothing is known to rank the source "
            f"{first.source}:{first.source_type} by; give --features with both"
        )
    ordered = pairs.assign(score=scores, same=same_type(pairs)).sort_values(
        [*TARGET, "score", "same", "n_source", "source", "source_type"],
        ascending=[True, True, False, False, False, True, True],
        ignore_index=True,
    )
    return ordered.drop(columns="same").assign(rank=ordered.groupby(TARGET).cumcount() + 1)


def explain_sources(pairs: pd.DataFrame) -> list[str]:
    """A sentence for each pair: what speaks for and against the source."""
    near = pairs.groupby(TARGET).distance.rank(method="min")
    count = pairs.groupby(TARGET).distance.transform("count")
    found = []
    for row, place, of, domain, kind in zip(
        pairs.itertuples(), near, count, same_domain(pairs), same_type(pairs), strict=True
    ):
        parts = [
            f"same domain ({row.target_domain})" if domain
            else f"other domain ({row.source_domain or 'unknown'})",
            "same task type" if kind else f"other task type ({row.source_type})",
            f"{row.n_source:,} training images" if row.n_source
            else "training images not known",
        ]  # fmt: skip
        if not np.isnan(row.distance):
            parts.append(f"target images {row.distance:.3g} away, rank {place:.0f} of {of}")
        found.append("; ".join(parts))
    return found
