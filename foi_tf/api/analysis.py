"""Reads and analyzes results, and ranks sources: the part of the front door for answers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from etils import epath

from foi_tf.api.arguments import Place, check_name, expand_places
from foi_tf.errors import FoiError
from foi_tf.study import choices, results
from foi_tf.study.dataset import Task

if TYPE_CHECKING:
    import pandas as pd


@expand_places
def load_results(place: Place) -> pd.DataFrame:
    """Reads result rows.

    Args:
      place: WORKDIR/results, which is searched with the directories in it, or a results.csv.

    Returns:
      One row a run, with the columns of `foi_tf.study.results.Row`.

    Raises:
      FoiError: nothing is there, or a file holds no row.
    """
    return results.load(place)


@expand_places
def gains(rows: pd.DataFrame | Place) -> pd.DataFrame:
    """Computes the gain of every chain over its baseline (Eq. 2).

    Rows that contradict each other are left out, each with a warning.

    Args:
      rows: as `load_results` returns them, or the place that it takes. From a directory,
        statistics of single images are read, too, which widen intervals by their noise.

    Returns:
      One row a chain, those without a source included: target, source, setting, `value` and
      `baseline` (means over seeds), `gain` (%, positive is better), `seeds`; the 95 % interval
      `gain_low` to `gain_high`; `p_better` and `verdict`, how sure it is that the gain is
      positive, as a probability and in words; `level` ("VP", "P", "I" or "N") and its
      probability `p_level`; and others, see `foi_tf.analysis.measures.gains.with_gains` and
      `foi_tf.analysis.uncertainty.noise_model.NoiseModel.columns`.

    Raises:
      FoiError: rows or statistics are missing or damaged.
    """
    from foi_tf.analysis.measures.study_analysis import StudyAnalysis

    loaded, images = _load_rows(rows)
    analysis = StudyAnalysis(loaded, images=images)
    for sentence in analysis.left_out:
        warnings.warn(sentence, stacklevel=3)
    return analysis.chains


@expand_places
def report(rows: pd.DataFrame | Place, out: Place, *, distances: Place | None = None) -> epath.Path:
    """Writes tables, figures and a page with findings A1 to A10 (Section 6).

    Args:
      rows: as for `gains`.
      out: directory to write to.
      distances: CSV file of distances between datasets, for Tables 9 and 10.

    Returns:
      The path of report.html.

    Raises:
      FoiError: rows are missing or damaged, or `out` cannot be written.
    """
    from foi_tf.analysis.measures.distance import read_distances
    from foi_tf.analysis.measures.study_analysis import StudyAnalysis
    from foi_tf.analysis.report.report import write_report
    from foi_tf.study import data_warnings

    loaded, images = _load_rows(rows)
    known = None if distances is None else read_distances(distances)
    kept = {}
    if isinstance(rows, str | os.PathLike) and epath.Path(rows).is_dir():
        kept = data_warnings.find_warnings(rows)
    return write_report(StudyAnalysis(loaded, images=images, distances=known, warnings=kept), out)


@expand_places
def recommend(
    target: str | Task,
    *,
    by: str = "",
    sources: Iterable[str | Task] = (),
    features: Iterable[Place] = (),
    past_results: Place | None = None,
    setting: str | None = None,
    probes: Iterable[Place] = (),
) -> pd.DataFrame:
    """Ranks the sources of a target (Section 6; the metrics are each from its publication).

    Args:
      target: a dataset or a task, such as "camvid:segmentation".
      by: one of `foi_tf.study.choices.RANKINGS`, or "probe" or "probe_loss" with `probes`, of
        which one is then the default; else one that has won on other targets of `past_results`
        (see `default_rule.choose_rule`), or "advice".
      sources: only these tasks; by default the datasets of the paper, or those of `features`.
      features: files of `foi-features`, or their directories.
      past_results: result rows; "fitted" learns from them, and measured gains are shown.
      setting: the setting of those rows; None for "small", or "full" if that is all there is.
      probes: outcomes of `foi-probe`, or their directories. Their source models are ranked.

    Returns:
      One row a source, the best first: `rank`, `source`, `score`, `source_domain`,
      `same_domain`, `same_type`, `n_source` (training images), `distance`, `why`.

    Raises:
      FoiError: the target, a source or the ranking is unknown, or something is missing to
        rank by.
    """
    from foi_tf.analysis.recommend import pair_scores, past_transfers, source_ranking
    from foi_tf.analysis.recommend.default_rule import choose_rule
    from foi_tf.study import feature_files, probe_files

    scores = probe_files.load_scores(probes)
    if by:
        of_probes = (choices.PROBE, choices.PROBE_LOSS) if scores else ()
        check_name("ranking", by, (*choices.RANKINGS, *of_probes))
    if by == choices.FITTED and past_results is None:
        raise FoiError("recommend: by='fitted' learns from result rows; give past_results")
    loaded = feature_files.load_all_features(features)
    tried, drawn = None, None
    if past_results is not None:
        tried, said, analysis = past_transfers.load_past_transfers(past_results, setting, loaded)
        for sentence in said:
            warnings.warn(sentence, stacklevel=3)
        drawn = None if by or scores else past_transfers.draw_gains(tried, analysis)
    if not by and scores:
        by = pair_scores.choose_probe_rule(
            source_ranking.find_target(str(target), loaded, scores), scores
        )
    return source_ranking.recommend_sources(
        str(target),
        by or choose_rule(str(target), loaded, tried, drawn),
        [str(one) for one in sources],
        loaded,
        tried,
        scores,
    )


def _load_rows(rows: pd.DataFrame | Place) -> tuple[pd.DataFrame, Mapping[str, epath.Path]]:
    """Loads rows and, from a directory, the paths of the statistics of single images."""
    from foi_tf.study import image_statistics

    if not isinstance(rows, str | os.PathLike):
        return rows, {}
    images = image_statistics.find_statistics(rows)
    return results.load(rows), images
