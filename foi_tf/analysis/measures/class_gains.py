"""Computes gains by class, by the size of objects and by image (ours).

The numbers are those that evaluations kept beside their rows. A chain and its baseline were
evaluated on the same images. Differences are in points of the metric, a hundredth of it, since
classes whose baseline is almost 0 have no ratio; they are positive where the source helps, and mean
over seeds. They hold the noise of the runs: only many seeds tell a small one from chance.
"""

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from etils import epath

from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.errors import FoiError
from foi_tf.study import image_statistics
from foi_tf.study.image_statistics import SIZES, MetricParts
from foi_tf.study.metrics import higher_is_better, unit

CLASS, SIZE = "class", "size"  # Values of the column `part`.
_LEAST = 0.01  # A baseline below it has no ratio; ours.
_COLUMNS = [
    "target", "target_type", "setting", "backbone", "family", "source", "source_type", "metric",
]  # fmt: skip
_NAMES = [*_COLUMNS, "seeds"]
PART_COLUMNS = [*_NAMES, "part", "name", "count", "baseline", "value", "difference", "gain"]
IMAGE_COLUMNS = [
    *_NAMES, "images", "better", "worse", "best_image", "best_difference", "worst_image",
    "worst_difference",
]  # fmt: skip


@dataclasses.dataclass(frozen=True, eq=False)
class _Evaluation:
    """Holds what is used of a run's file: sorted images with their values, and the parts."""

    images: np.ndarray
    values: np.ndarray
    parts: MetricParts | None


def compute_part_gains(analysis: StudyAnalysis) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Computes the gains of each transfer by class and size, and by image.

    Args:
      analysis: of a study; chains at a floor, and runs without statistics, are left out.

    Returns:
      A data frame with `PART_COLUMNS`, a line for each chain and class or size: `count`, the
      images that show the class or the objects of the size; the mean `value` and `baseline`; the
      `difference` in points and the `gain` in %, NaN over a baseline below 0.01. And one with
      `IMAGE_COLUMNS`, a line for each chain: `better` and `worse`, the percentages of `images`
      whose metric rose and fell, and the two images that it changed most in.

    Raises:
      FoiError: a file of statistics is damaged, or a chain was evaluated on other images than
        its baseline.
    """
    reader = _Reader(analysis.images)
    parts: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    runs = analysis.seed_gains
    runs = runs[(runs.source_type != "") & runs.gain.notna() & runs.digest.isin(reader.files)]
    chains: dict[tuple[Any, ...], list[dict[str, Any]]] = collections.defaultdict(list)
    for run in runs[[*_COLUMNS, "seed", "digest"]].to_dict("records"):
        chains[tuple(run[name] for name in _COLUMNS)].append({str(k): v for k, v in run.items()})
    for own in chains.values():
        pairs = reader.pair(own, analysis.baselines)
        if not pairs:
            continue
        first = own[0]
        named = {name: first[name] for name in _COLUMNS} | {"seeds": len(pairs)}
        parts += [named | line for line in _compare_parts(pairs, first["metric"])]
        images.append(named | _compare_images(pairs, first["metric"]))
    return pd.DataFrame(parts, columns=PART_COLUMNS), pd.DataFrame(images, columns=IMAGE_COLUMNS)


_Pair = tuple[_Evaluation, list[_Evaluation]]  # A run, and the runs that it is compared with.


class _Reader:
    """Reads the evaluations of runs, those of baselines once."""

    def __init__(self, files: Mapping[str, epath.Path]):
        self.files = files
        self._kept: dict[str, _Evaluation] = {}

    def pair(self, runs: Sequence[Mapping[Any, Any]], baselines: gains.Baselines) -> list[_Pair]:
        """Returns the evaluation of each run, and those of the runs that it is compared with."""
        found = []
        for run in runs:
            by_seed = baselines[tuple(run[name] for name in gains.BASELINE)]
            paired = run["seed"] in by_seed
            against = [by_seed[run["seed"]]] if paired else list(by_seed.values())
            against = [one for one in against if one["digest"] in self.files]
            if not against:
                continue
            own, others = self._read(run), [self._read(one, keep=True) for one in against]
            for other in others:
                if not np.array_equal(own.images, other.images):
                    raise FoiError(
                        f"{self.files[run['digest']]}: evaluated on other images than the runs "
                        "that it is compared with; evaluate again"
                    )
            found.append((own, others))
        return found

    def _read(self, run: Mapping[Any, Any], *, keep: bool = False) -> _Evaluation:
        digest = run["digest"]
        if digest in self._kept:
            return self._kept[digest]
        statistics = image_statistics.read_statistics(self.files[digest]).sorted()
        metric = run["metric"]
        found = _Evaluation(
            statistics.images, statistics.values_by_image(metric), statistics.find_parts(metric)
        )
        if keep:
            self._kept[digest] = found
        return found


def _compare_parts(pairs: Sequence[_Pair], metric: str) -> list[dict[str, Any]]:
    """Returns a line for each class and size that all runs of a chain have."""
    flat = [one.parts for own, others in pairs for one in (own, *others)]
    known = [parts for parts in flat if parts is not None]
    if len(known) < len(flat) or len({tuple(parts.class_names) for parts in known}) > 1:
        return []
    first = known[0]
    lines = _lines(
        CLASS, first.class_names, first.class_images, _means(pairs, "class_values"), metric
    )
    if all(parts.size_values.size for parts in known):
        sizes = _means(pairs, "size_values")
        lines += _lines(SIZE, np.array(SIZES), first.size_objects, sizes, metric)
    return lines


def _means(pairs: Sequence[_Pair], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the means over seeds of an array of the runs' parts, and of their baselines'."""
    values = np.mean([getattr(own.parts, name) for own, _ in pairs], 0)
    against = [np.mean([getattr(one.parts, name) for one in others], 0) for _, others in pairs]
    return values, np.mean(against, 0)


def _lines(
    part: str,
    names: np.ndarray,
    counts: np.ndarray,
    means: tuple[np.ndarray, np.ndarray],
    metric: str,
) -> list[dict[str, Any]]:
    """Returns a line for each class or size that has a value in both."""
    better = higher_is_better(metric)
    values, baselines = means
    found = []
    for name, count, value, baseline in zip(names, counts, values, baselines, strict=True):
        if np.isnan(value) or np.isnan(baseline):
            continue
        found.append(
            {
                "part": part,
                "name": str(name),
                "count": int(count),
                "baseline": float(baseline),
                "value": float(value),
                "difference": float((value - baseline) * (1 if better else -1) / unit(metric)),
                "gain": float(gains.relative_gain(value, baseline, better))
                if baseline >= _LEAST
                else float("nan"),
            }
        )
    return found


def _compare_images(pairs: Sequence[_Pair], metric: str) -> dict[str, Any]:
    """Returns how many images became better and worse, and which changed most."""
    sign = (1 if higher_is_better(metric) else -1) / unit(metric)
    by_seed = [own.values - np.mean([one.values for one in others], 0) for own, others in pairs]
    differences = np.mean(by_seed, 0) * sign
    known = ~np.isnan(differences)
    changes, names = differences[known], pairs[0][0].images[known]
    if not len(changes):
        return {"images": 0}
    top, low = int(np.argmax(changes)), int(np.argmin(changes))
    return {
        "images": len(changes),
        "better": 100 * float((changes > 0).mean()),
        "worse": 100 * float((changes < 0).mean()),
        "best_image": str(names[top]),
        "best_difference": float(changes[top]),
        "worst_image": str(names[low]),
        "worst_difference": float(changes[low]),
    }
