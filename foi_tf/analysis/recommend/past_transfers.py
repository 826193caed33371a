"""Loads pairs of source and target that were tried, with their facts and their outcome."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from etils import epath

from foi_tf.analysis.measures import distance, floors, published_results
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.measures.summary import STUDY, same_type
from foi_tf.analysis.recommend.candidates import PAIR_COLUMNS
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.study import image_statistics, results
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES
from foi_tf.study.feature_files import Features, comparable_features
from foi_tf.study.grid import SETTINGS, setting_order

# Columns of the outcome of a transfer.
OUTCOME = ["metric", "value", "baseline", "gain"]
SURE = [
    "gain_low",
    "gain_high",
    "verdict",
]  # How sure a measured gain is, see `NoiseModel.columns`.


def load_past_transfers(
    directory: epath.PathLike,
    setting: str | None,
    features: Sequence[Features],
    distances: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, list[str], StudyAnalysis]:
    """Loads the past transfers of a directory of result rows.

    Args:
      directory: directory of result rows, see `study.results.load`.
      setting: one of `study.grid.SETTINGS`; None for the first of them that has transfers.
      features: features of datasets; distances are computed from those without points, unless
        `distances` are given.
      distances: distances as `distance.distances` returns them.

    Returns:
      The transfers as `select_past_transfers` returns them, with the columns `SURE`;
      sentences about the rows that were left out or are not ranked; and the analysis of all rows.
    """
    analysis = StudyAnalysis(
        results.load(directory), images=image_statistics.find_statistics(directory)
    )
    plain = [each for each in features if each.points is None]
    if distances is None and len(plain) > 1:
        vectors = {name: each.vectors for name, each in comparable_features(plain).items()}
        distances = distance.distances(vectors, (distance.TARGET_TO_SOURCE,))
    if setting is None:
        have = set(transfers(analysis.mean_gains).setting)
        setting = min(have, key=setting_order, default=SETTINGS[0])
    own = analysis.mean_gains[analysis.mean_gains.setting == setting]
    not_ranked = [f"not ranked: {text}" for text in floors.list_floors(transfers(own))]
    tried = select_past_transfers(analysis.mean_gains, setting, distances)
    sure = analysis.chains.loc[tried.chain, SURE].reset_index(drop=True)
    tried = tried.join(sure)
    return tried, [*analysis.left_out, *not_ranked], analysis


def draw_gains(tried: pd.DataFrame, analysis: StudyAnalysis) -> np.ndarray:
    """Draws the true gains of past transfers, see `NoiseModel.draw_gains`.

    Args:
      tried: as `select_past_transfers` returns them, or a part of those.
      analysis: of the rows that they are from.

    Returns:
      [draws, transfers] gains in %.
    """
    return analysis.noise.draw_gains()[:, tried.chain.to_numpy()]


def select_past_transfers(
    chains: pd.DataFrame, setting: str, distances: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Selects the transfers of one setting that ended with a value, but those at a floor.

    Args:
      chains: chains with their gains, as `gains.with_gains` returns them.
      setting: one of `study.grid.SETTINGS`.
      distances: distances as `distance.distances` returns them, where they are known.

    Returns:
      One row for each transfer with `candidates.PAIR_COLUMNS`, `metric`, `value`, `baseline`,
      `gain` (NaN without a baseline) and `chain`, the label of its row among `chains`.

    Raises:
      FoiError: there is no such transfer, or there are several backbones or initial weights.
    """
    own = transfers(chains).assign(chain=chains.index[chains.source_type != ""])
    own = own[(own.setting == setting) & own.value.notna()]
    if own.empty:
        have = ", ".join(sorted(transfers(chains).setting.unique())) or "none"
        raise FoiError(
            f"no transfers with a value in setting '{setting}'; the results have: {have}"
        )
    if (own.floor != "").all():
        raise FoiError(
            f"no transfer of setting '{setting}' can be ranked: {floors.list_floors(own)[0]}"
        )
    own = own[own.floor == ""]
    if len(studies := own[STUDY].drop_duplicates()) > 1:
        names = " and ".join(f"{row.backbone} from {row.family}" for row in studies.itertuples())
        raise FoiError(
            f"results of setting '{setting}' are of {names}; keep them in different directories"
        )
    columns = [*PAIR_COLUMNS, *OUTCOME, "chain"]
    return _add_distance(own, distances)[columns].reset_index(drop=True)


def filter_task_types(
    tried: pd.DataFrame, pairs: str, target_types: Collection[str]
) -> pd.DataFrame:
    """Selects the past transfers between some task types.

    Args:
      tried: past transfers as `select_past_transfers` returns them.
      pairs: "within_type", "cross_type" or "all".
      target_types: task types of the targets; empty for all.

    Returns:
      The selected rows of `tried`.

    Raises:
      FoiError: a task type is unknown, or no transfer is left.
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
    """Loads the authors' 17 x 16 segmentation results, see `analysis.measures.published_results`.

    Returns:
      Rows as `select_past_transfers` returns them; `distance`, `baseline` and `gain` are NaN.
    """
    return _add_distance(published_results.load_published_results(), None).assign(gain=np.nan)[
        [*PAIR_COLUMNS, *OUTCOME]
    ]


def _add_distance(pairs: pd.DataFrame, distances: pd.DataFrame | None) -> pd.DataFrame:
    """Adds the column `distance` to pairs: that of the target's images from the source's."""
    if distances is None:
        return pairs.assign(distance=np.nan)
    own = distances[distances.distance == distance.TARGET_TO_SOURCE]
    known = own.set_index(["target", "source"]).value
    found = known.reindex(pd.MultiIndex.from_frame(pairs[["target", "source"]])).to_numpy()
    same = (pairs.target == pairs.source).to_numpy()
    return pairs.assign(distance=np.where(same, 0.0, found))
