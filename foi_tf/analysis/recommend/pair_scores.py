"""Scores of pairs of source and target: of the points that models left in files, or kept ones."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from etils import epath

from foi_tf import files
from foi_tf.analysis.measures import csv_tables
from foi_tf.analysis.recommend import transferability
from foi_tf.analysis.recommend.candidates import COLUMNS, PAIR, Description
from foi_tf.errors import FoiError
from foi_tf.progress import track
from foi_tf.study.dataset import Task
from foi_tf.study.feature_files import Features

Pair = tuple[str, str, str, str]  # The values of `candidates.PAIR`.


def index_by_pair(features: Iterable[Features]) -> dict[Pair, Features]:
    """By pair, features with points of a target by the model of a source.

    The source is the last task that the network was trained on; where that is the target
    itself it is no source.

    Raises:
      FoiError: a pair is there twice, or the points of a target are not the same ones for
        all sources, so that scores could not be compared.
    """
    found: dict[Pair, Features] = {}
    first: dict[tuple[str, str], Features] = {}
    for each in features:
        origin = each.origin
        if each.points is None or ":" not in origin.chain[-1]:
            continue
        source = Task.parse(origin.chain[-1])
        target = origin.dataset, origin.task_type
        pair = (*target, source.dataset, source.type)
        if pair[:2] == pair[2:]:
            continue
        other = first.setdefault(target, each).origin
        name = ":".join(target)
        if pair in found and found[pair].origin != origin:
            raise FoiError(f"points of {name} by {source} are there twice; name one of the files")
        if _drawn(other) != _drawn(origin):
            raise FoiError(
                f"points of {name} by {Task.parse(other.chain[-1])} and by {source} are of "
                "different images or pixels; make them with the same flags of foi-features"
            )
        found[pair] = each
    return found


def list_scored_sources(
    target: Task, indexed: Mapping[Pair, Features], datasets: Mapping[str, Description]
) -> pd.DataFrame:
    """The sources whose models saw points of a target, as `candidates.COLUMNS`.

    Of sources that are not among `datasets` neither domain nor size is known.

    Raises:
      FoiError: there are none.
    """
    rows = []
    for pair, features in indexed.items():
        if pair[:2] == (target.dataset, target.type):
            domain, sizes = datasets.get(pair[2], ("", {}))
            rows.append((*pair, features.origin.domain, domain, sizes.get(pair[3], 0), np.nan))
    if not rows:
        raise FoiError(
            f"no file has points of {target} by a source model; "
            f"make them with foi-features --dataset={target} --pixels=N --init=SOURCE_LINK"
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def compute_scores(name: str, pairs: pd.DataFrame, indexed: Mapping[Pair, Features]) -> pd.Series:
    """A transferability metric for each pair; NaN where there are no points of it.

    Raises:
      FoiError: the metric is unknown or cannot be had of some points.
    """
    keys = list(map(tuple, pairs[PAIR].to_numpy()))
    found = []
    for key in track(keys, name, len(keys), unit="pair"):
        if key in indexed:
            where = f"points of {key[0]}:{key[1]} by {key[2]}:{key[3]}"
            found.append(transferability.score_points(name, indexed[key].points, where))
        else:
            found.append(np.nan)
    return pd.Series(found, pairs.index, dtype=float)


def read_scores(path: epath.PathLike) -> pd.DataFrame:
    """Reads scores that were kept, or are of any other way to rank sources.

    Returns:
      `candidates.PAIR`, and a column of scores, the higher the better, for each way.

    Raises:
      FoiError: see `csv_tables.read_table`.
    """
    return csv_tables.read_table(path, PAIR, [], "score")


def write_scores(
    path: epath.PathLike, pairs: pd.DataFrame, scores: Mapping[str, pd.Series]
) -> None:
    """Writes what `read_scores` reads, of the pairs that have all of the scores that any has.

    Raises:
      FoiError: there is no such pair, or the file cannot be written.
    """
    table = pairs[PAIR].assign(**scores).dropna(axis=1, how="all").dropna()
    if table.empty or list(table) == PAIR:
        raise FoiError(f"{path}: no pair has all of the scores {', '.join(scores)}; name some --by")
    files.write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def look_up_scores(name: str, pairs: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """A column of `read_scores` for each pair; NaN where there is none."""
    known = table.set_index(PAIR)[name]
    return pd.Series(
        known.reindex(pd.MultiIndex.from_frame(pairs[PAIR])).to_numpy(), pairs.index, dtype=float
    )


def _drawn(origin) -> tuple:
    return origin.data, origin.split, origin.ids, origin.size, origin.points_per_image, origin.seed
