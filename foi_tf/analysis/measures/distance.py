"""Measures how far the images of two datasets are apart (Eq. 1, Section 6, Table 10)."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from etils import epath
from scipy.optimize import linear_sum_assignment

from foi_tf import progress
from foi_tf.analysis.measures import csv_tables
from foi_tf.errors import FoiError

# The paper's four ways to match images (Section 6, A4), in the order of Table 10.
ONE_TO_ONE = "one_to_one"
TARGET_TO_SOURCE = "target_to_source"
SOURCE_TO_TARGET = "source_to_target"
MEAN = "mean"
ASSIGNMENTS = (ONE_TO_ONE, TARGET_TO_SOURCE, SOURCE_TO_TARGET, MEAN)
INCLUSION = TARGET_TO_SOURCE  # It measures how well the source includes the target (A4).
COLUMNS = ["target", "source", "distance", "value"]

_BLOCK = 4096  # Rows of a distance matrix that are in memory at a time; ours.


def domain_distance(
    target_features: np.ndarray,
    source_features: np.ndarray,
    assignment: str = TARGET_TO_SOURCE,
) -> float:
    """Returns the average Euclidean distance between matched images of two datasets.

    Args:
      target_features: [T, C], one row an image.
      source_features: [S, C].
      assignment: "target_to_source", Eq. 1: each target image and its closest source image,
        the inclusion of the target in the source. "source_to_target": each source image and
        its closest target image. "mean": the mean of the two. "one_to_one": the matching
        with the smallest total (Hungarian algorithm); where one side has more images, those
        that fit worst stay unmatched.

    Raises:
      FoiError: features are empty, not finite, or of different lengths.
    """
    target, source = _checked("target", target_features), _checked("source", source_features)
    if target.shape[1] != source.shape[1]:
        raise FoiError(
            f"features of target and source have {target.shape[1]} and {source.shape[1]} "
            "numbers an image; distances need the same backbone"
        )
    return _distances(target, source, (assignment,))[assignment]


def distances(
    features: Mapping[str, np.ndarray], assignments: tuple[str, ...] = ASSIGNMENTS
) -> pd.DataFrame:
    """Computes all distances between different datasets.

    Args:
      features: by dataset, [images, C]; see `foi_tf.study.feature_files.comparable_features`.
      assignments: the distances to compute.

    Returns:
      One row a target, source and `distance`, which is one of `ASSIGNMENTS`, with its
      `value`; in the order of `features`.

    Raises:
      FoiError: there is one dataset only, or as `domain_distance`; names the dataset.
    """
    if len(features) < 2:
        raise FoiError(f"distances need two datasets, but there are features of {len(features)}")
    checked = {name: _checked(name, vectors) for name, vectors in features.items()}
    widths = {vectors.shape[1]: name for name, vectors in checked.items()}
    if len(widths) > 1:
        (a, one), (b, two) = list(widths.items())[:2]
        raise FoiError(
            f"features of {one} and {two} have {a} and {b} numbers an image; "
            "distances need the same backbone"
        )
    pairs = list(itertools.combinations(features, 2))
    found = {}
    for one, two in progress.track(pairs, "distances", len(pairs), unit="pair"):
        # One pass over a pair of datasets gives the distances of both directions.
        wanted = {_turned(name) for name in assignments} | set(assignments)
        values = _distances(checked[one], checked[two], tuple(wanted))
        for name in assignments:
            found[one, two, name] = values[name]
            found[two, one, name] = values[_turned(name)]
    order = itertools.product(features, features, assignments)
    rows = [(*key, found[key]) for key in order if key in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def read_distances(path: epath.PathLike) -> pd.DataFrame:
    """Reads distances between datasets from a CSV with `COLUMNS`, one line a pair and distance.

    Raises:
      FoiError: see `csv_tables.read_table`.
    """
    return csv_tables.read_table(path, COLUMNS[:3], COLUMNS[3:], "distance")


def _turned(assignment: str) -> str:
    """Returns the assignment that is the same with target and source exchanged."""
    turned = {TARGET_TO_SOURCE: SOURCE_TO_TARGET, SOURCE_TO_TARGET: TARGET_TO_SOURCE}
    return turned.get(assignment, assignment)


def _distances(
    target: np.ndarray, source: np.ndarray, assignments: tuple[str, ...]
) -> dict[str, float]:
    """Returns the distances of some assignments between float32 [T, C] and [S, C]."""
    # Features far from the origin have large squares, which cost float32 the digits of differences.
    center = target.mean(0, dtype=np.float64).astype(np.float32)
    near = target - center, source - center
    found = {}
    if ONE_TO_ONE in assignments:
        costs = np.concatenate([block for _, block in _blocks(*near)])
        found[ONE_TO_ONE] = _mean(target, source, *linear_sum_assignment(np.sqrt(costs)))
    if set(assignments) - {ONE_TO_ONE}:
        of_target, of_source = _nearest(*near)
        there = _mean(target, source, np.arange(len(target)), of_target)
        back = _mean(target, source, of_source, np.arange(len(source)))
        found |= {TARGET_TO_SOURCE: there, SOURCE_TO_TARGET: back, MEAN: (there + back) / 2}
    return {name: found[name] for name in assignments}


def _nearest(target: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds for each target row the nearest source row, and the reverse."""
    of_target = np.empty(len(target), np.intp)
    of_source, least = np.zeros(len(source), np.intp), np.full(len(source), np.inf, np.float32)
    columns = np.arange(len(source))
    for start, block in _blocks(target, source):
        of_target[start : start + len(block)] = block.argmin(1)
        rows = block.argmin(0)
        closest = block[rows, columns]
        closer = closest < least
        least[closer], of_source[closer] = closest[closer], start + rows[closer]
    return of_target, of_source


def _blocks(target: np.ndarray, source: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yields places of target rows with their squared distances [block, S] to all source rows."""
    squares = np.einsum("ij,ij->i", source, source)
    for start in range(0, len(target), _BLOCK):
        rows = target[start : start + _BLOCK]
        block = rows @ source.T
        block *= -2
        block += squares
        block += np.einsum("ij,ij->i", rows, rows)[:, None]
        yield start, np.maximum(block, 0, out=block)


def _mean(target: np.ndarray, source: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float:
    """Returns the mean distance of matched rows, computed from differences and thus exactly."""
    total = 0.0
    for start in range(0, len(rows), _BLOCK):
        chosen = slice(start, start + _BLOCK)
        difference = target[rows[chosen]].astype(np.float64) - source[columns[chosen]]
        total += float(np.sqrt(np.einsum("ij,ij->i", difference, difference)).sum())
    return total / len(rows)


def _checked(name: str, features: np.ndarray) -> np.ndarray:
    """Returns the features as float32 [N, C] after checking their shape and values."""
    features = np.asarray(features)
    if features.ndim != 2 or not features.size:
        raise FoiError(f"{name}: no features; their shape is {features.shape}, not [images, C]")
    if not np.isfinite(features).all():
        raise FoiError(f"{name}: features that are not finite (NaN); make them anew")
    return features.astype(np.float32, copy=False)
