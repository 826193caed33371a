"""Pairs of source and target that were tried, with what is known of them and what came out."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from etils import epath

from foi_tf.analysis.measures import distance, screening
from foi_tf.analysis.measures.gains import transfers, with_gains
from foi_tf.analysis.measures.summary import STUDY
from foi_tf.analysis.recommend.candidates import COLUMNS, same_type
from foi_tf.analysis.report import published_tables
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import results
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.feature_files import Features, comparable_features

OUTCOME = ["metric", "value", "baseline", "gain"]


def load_past_transfers(
    directory: epath.PathLike,
    setting: str,
    features: Sequence[Features],
    distances: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Reads result rows as `select_past_transfers` does, and says what of them cannot be counted.

    Args:
      directory: of result rows, see `study.results.load`.
      setting: one of `study.grid.SETTINGS`.
      features: those without points tell the distances, where those are not given.
      distances: as `distance.distances` returns them.
    """
    rows, said = screening.screen(results.load(directory))
    plain = [each for each in features if each.points is None]
    if distances is None and len(plain) > 1:
        vectors = {name: each.vectors for name, each in comparable_features(plain).items()}
        distances = distance.distances(vectors, (distance.TARGET_TO_SOURCE,))
    return select_past_transfers(with_gains(rows), setting, distances), said


def select_past_transfers(
    chains: pd.DataFrame, setting: str, distances: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The transfers of one setting that ended with a value.

    Args:
      chains: as `gains.with_gains` returns them.
      setting: one of `study.grid.SETTINGS`.
      distances: as `distance.distances` returns them, where known.

    Returns:
      `candidates.COLUMNS`, `metric`, `value`, `baseline` and `gain` (NaN without a baseline).

    Raises:
      FoiError: there are none, or they are of several backbones or initial weights.
    """
    own = transfers(chains)
    own = own[(own.setting == setting) & own.value.notna()]
    if own.empty:
        have = ", ".join(sorted(transfers(chains).setting.unique())) or "none"
        raise FoiError(f"no transfers with a value in setting '{setting}'; results have: {have}")
    if len(studies := own[STUDY].drop_duplicates()) > 1:
        names = " and ".join(f"{row.backbone} from {row.family}" for row in studies.itertuples())
        raise FoiError(
            f"results of setting '{setting}' are of {names}; keep them in different directories"
        )
    return _with_distance(own, distances)[[*COLUMNS, *OUTCOME]].reset_index(drop=True)


def filter_task_types(
    tried: pd.DataFrame, pairs: str, target_types: Collection[str]
) -> pd.DataFrame:
    """Those of `select_past_transfers` between some task types.

    Args:
      pairs: "within_type", "cross_type" or "all".
      target_types: of the targets; all if empty.

    Raises:
      FoiError: a task type is unknown, or nothing is left.
    """
    for name in target_types:
        if name not in STRUCTURED_TASK_TYPES:
            raise unknown_name_error("task type", name, STRUCTURED_TASK_TYPES)
    own = tried[tried.target_type.isin(target_types or STRUCTURED_TASK_TYPES)]
    if pairs != "all":
        own = own[same_type(own) == (pairs == "within_type")]
    if own.empty:
        raise FoiError(f"no results of {pairs} to {', '.join(target_types) or 'any target'}")
    return own.reset_index(drop=True)


def load_published_transfers() -> pd.DataFrame:
    """The authors' 17 x 16 segmentation results, see `foi_tf.analysis.report.published_tables`.

    Returns:
      As `select_past_transfers`; distances, baselines and gains are NaN.
    """
    return _with_distance(published_tables.load(), None).assign(gain=np.nan)[[*COLUMNS, *OUTCOME]]


def _with_distance(pairs: pd.DataFrame, distances: pd.DataFrame | None) -> pd.DataFrame:
    if distances is None:
        return pairs.assign(distance=np.nan)
    own = distances[distances.distance == distance.TARGET_TO_SOURCE]
    known = own.set_index(["target", "source"]).value
    found = known.reindex(pd.MultiIndex.from_frame(pairs[["target", "source"]])).to_numpy()
    same = (pairs.target == pairs.source).to_numpy()
    return pairs.assign(distance=np.where(same, 0.0, found))
