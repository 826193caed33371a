"""Chooses the rule for users who name none."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.recommend.resampled_regret import find_winner, resample_regrets
from foi_tf.analysis.recommend.source_ranking import WITHOUT_POINTS, score_past_transfers
from foi_tf.study.feature_files import Features

# It needs no source models, and no rule of the kept studies costs least in
# `resampled_regret.WINNING_SHARE` of draws (studies/FINDINGS.md).
DEFAULT = "advice"
MIN_TARGETS = 5  # The winner over fewer is too likely to be one by chance; ours.


def choose_rule(
    target: str,
    features: Sequence[Features],
    before: pd.DataFrame | None = None,
    gain_draws: np.ndarray | None = None,
) -> str:
    """Chooses the rule that has won on other targets, or else `DEFAULT`.

    Rules that need points do not compete: to score all past transfers by them takes long.

    Args:
      target: the target, written dataset or dataset:type. Its own results do not count.
      features: features as `source_ranking.recommend_sources` takes them.
      before: past transfers as `past_transfers.select_past_transfers` returns them, or None.
      gain_draws: [draws, transfers] draws of their true gains, if they are known.

    Returns:
      The rule that costs least in `resampled_regret.WINNING_SHARE` of draws, over at least
      `MIN_TARGETS` targets; `DEFAULT` if there is none.
    """
    if before is None:
        return DEFAULT
    dataset = target.partition(":")[0]
    others = (before.target != dataset).to_numpy()
    tried = before[others].reset_index(drop=True)
    drawn = None if gain_draws is None else gain_draws[:, others]
    known = {each.origin.dataset for each in features if each.points is None}
    names = [x for x in WITHOUT_POINTS if x != "inclusion" or (dataset in known and len(known) > 1)]
    resampled = resample_regrets(tried, score_past_transfers(tried, names, features), drawn)
    if resampled.empty or resampled.compared.max() < MIN_TARGETS:
        return DEFAULT
    return find_winner(resampled) or DEFAULT
