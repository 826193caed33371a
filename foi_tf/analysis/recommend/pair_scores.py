"""Scores pairs of source and target: computes transferability metrics, or reads kept scores."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from etils import epath

from foi_tf import files
from foi_tf.analysis.measures import csv_tables
from foi_tf.analysis.measures.summary import PAIR
from foi_tf.analysis.recommend import transferability
from foi_tf.analysis.recommend.candidates import PAIR_COLUMNS, DatasetFacts
from foi_tf.analysis.recommend.transferability import AlikePointsError
from foi_tf.errors import FoiError
from foi_tf.progress import track, warn
from foi_tf.study.choices import PROBE, PROBE_LOSS
from foi_tf.study.dataset import Task
from foi_tf.study.feature_files import Features, Origin
from foi_tf.study.probe_files import ProbeOrigin, ProbeScore, have_learned

PairKey = tuple[str, str, str, str]  # The values of `summary.PAIR`.


def index_by_pair(features: Iterable[Features]) -> dict[PairKey, Features]:
    """Returns the features with points of a target by the model of a source, by pair.

    The source is the last task that the network was trained on. Features of a network whose
    last task is the target itself are left out.

    Raises:
      FoiError: a pair appears twice; or the points of a target differ between its sources, so
        that scores cannot be compared.
    """
    found: dict[PairKey, Features] = {}
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
            raise FoiError(
                f"points of {name} by {source} were given twice; name only one of the files"
            )
        if _drawing_of(other) != _drawing_of(origin):
            raise FoiError(
                f"points of {name} by {Task.parse(other.chain[-1])} and by {source} are of "
                "different images or pixels; make them with the same flags of foi-features"
            )
        found[pair] = each
    return found


def replace_scores(kept: pd.DataFrame, newer: pd.DataFrame) -> pd.DataFrame:
    """Returns the scores of both tables by pair; of a rule that both have, those of `newer`."""
    rules = [name for name in newer.columns if name not in PAIR]
    return kept.drop(columns=rules, errors="ignore").merge(newer, on=[*PAIR], how="outer")


def list_model_sources(
    target: Task, keys: Iterable[PairKey], datasets: Mapping[str, DatasetFacts]
) -> pd.DataFrame:
    """Lists the sources whose models were asked about a target, by its points or by a probe.

    Args:
      target: the target task.
      keys: pairs that were asked, of any target.
      datasets: facts of the datasets as `candidates.describe_datasets` returns them.

    Returns:
      One row for each source with `candidates.PAIR_COLUMNS`. For sources that are not among
      `datasets`, `source_domain` is "" and `n_source` is 0.

    Raises:
      FoiError: the target has no such source.
    """
    unknown: DatasetFacts = ("", {})
    domain, _ = datasets.get(target.dataset, unknown)
    rows = []
    for key in keys:
        if key[:2] == (target.dataset, target.type):
            source_domain, sizes = datasets.get(key[2], unknown)
            rows.append((*key, domain, source_domain, sizes.get(key[3], 0), np.nan))
    if not rows:
        raise FoiError(
            f"no file has points of {target} by a source model, or a probe; make them with "
            f"foi-features --dataset={target} --pixels=N --init=SOURCE_LINK, or foi-probe"
        )
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def compute_scores(
    name: str, pairs: pd.DataFrame, indexed: Mapping[PairKey, Features]
) -> pd.Series:
    """Computes a transferability metric for each pair; NaN for a pair without points.

    Of several targets, those whose points are all alike are left out with a warning.

    Args:
      name: one of `transferability.METRICS`.
      pairs: rows with `summary.PAIR`.
      indexed: features as `index_by_pair` returns them.

    Raises:
      FoiError: the metric is unknown or cannot be computed from some points.
    """
    keys = list(map(tuple, pairs[PAIR].to_numpy()))
    targets, alike = {key[:2] for key in keys if key in indexed}, set[tuple[str, str]]()
    found = []
    for key in track(keys, name, len(keys), unit="pair"):
        points = indexed[key].points if key in indexed and key[:2] not in alike else None
        if points is None:
            found.append(np.nan)
            continue
        where = f"points of {key[0]}:{key[1]} by {key[2]}:{key[3]}"
        try:
            found.append(transferability.score_points(name, points, where))
        except AlikePointsError as error:
            alike.add(key[:2])
            if alike == targets:
                raise
            warn(f"{error}; {name} leaves this target out")
            found.append(np.nan)
    return pd.Series(found, pairs.index, dtype=float)


def read_scores(path: epath.PathLike) -> pd.DataFrame:
    """Reads scores that `write_scores` wrote, or that come from a ranking of the user's own.

    Returns:
      One row for each pair with `summary.PAIR` and one column for each ranking: its scores, where
      higher is better.

    Raises:
      FoiError: see `csv_tables.read_table`.
    """
    return csv_tables.read_table(path, PAIR, [], "score")


def write_scores(
    path: epath.PathLike, pairs: pd.DataFrame, scores: Mapping[str, pd.Series]
) -> None:
    """Writes the scores of all pairs as a CSV file that `read_scores` reads.

    Rankings without any score are left out, and then pairs that lack a score.

    Args:
      path: path of the file.
      pairs: rows with `summary.PAIR`.
      scores: a score for each pair, by name of the ranking.

    Raises:
      FoiError: no pair is left, or the file cannot be written.
    """
    table = pairs[PAIR].assign(**scores).dropna(axis=1, how="all").dropna()
    if table.empty or list(table) == PAIR:
        raise FoiError(f"{path}: no pair has all of the scores {', '.join(scores)}; name some --by")
    files.write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def tabulate_probes(found: Iterable[ProbeScore]) -> pd.DataFrame:
    """Tabulates probes as `read_scores` does: their metric as `PROBE`, their loss as `PROBE_LOSS`.

    Probes of weights that were trained on no source are left out.

    Raises:
      FoiError: a pair appears twice; or the probes of a target differ in more than their
        weights, so that scores cannot be compared.
    """
    rows: dict[PairKey, tuple[float, float]] = {}
    first: dict[Task, ProbeOrigin] = {}
    for each in found:
        origin = each.origin
        if ":" not in origin.chain[-1]:
            continue
        target, source = Task.parse(origin.task), Task.parse(origin.chain[-1])
        other = first.setdefault(target, origin)
        if _conditions_of(other) != _conditions_of(origin):
            raise FoiError(
                f"probes of {target} by {Task.parse(other.chain[-1])} and by {source} are of "
                "different images or settings; make them with the same flags of foi-probe"
            )
        pair = (target.dataset, target.type, source.dataset, source.type)
        if pair in rows:
            raise FoiError(f"probes of {target} by {source} were given twice; name only one")
        rows[pair] = each.score, each.loss_score
    columns = [*PAIR, PROBE, PROBE_LOSS]
    return pd.DataFrame([(*pair, *scores) for pair, scores in rows.items()], columns=columns)


def choose_probe_rule(target: Task, found: Iterable[ProbeScore]) -> str:
    """Chooses between the metric and the loss of the probes of a target.

    Returns:
      `PROBE`, or `PROBE_LOSS` where no probe learned enough for its metric to tell.
    """
    own = [each for each in found if each.origin.task == str(target)]
    return PROBE if have_learned(own) or not own else PROBE_LOSS


def look_up_scores(name: str, pairs: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Returns the scores of a ranking for each pair; NaN where the table has no score.

    Args:
      name: column of `table`.
      pairs: rows with `summary.PAIR`.
      table: scores as `read_scores` returns them.
    """
    known = table.set_index(PAIR)[name]
    return pd.Series(
        known.reindex(pd.MultiIndex.from_frame(pairs[PAIR])).to_numpy(), pairs.index, dtype=float
    )


def _conditions_of(origin: ProbeOrigin) -> ProbeOrigin:
    """Leaves out of an origin what differs between the sources of a target."""
    return dataclasses.replace(origin, chain=(), weights="", statistics=((0.0,) * 3,) * 2)


def _drawing_of(origin: Origin) -> tuple:
    """Returns the values of an origin that decide which points were drawn."""
    return origin.data, origin.split, origin.ids, origin.size, origin.points_per_image, origin.seed
