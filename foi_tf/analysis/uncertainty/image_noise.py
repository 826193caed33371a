"""Measures how far a metric depends on which images were evaluated, by the jackknife.

A chain and its baseline are evaluated on the same images, so their errors are alike and partly
cancel. Each image therefore keeps the share that it has in a metric.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.study import image_statistics

TOLERANCE = 1e-3  # Relative difference between the row's metric and that of its images; ours.


class ImageShares:
    """Computes shares of images in the log metric of runs, each file once."""

    def __init__(self, files: Mapping[str, epath.Path]):
        self._files = files
        self._found: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def has(self, runs: Sequence[Mapping[str, Any]]) -> bool:
        """Tells whether all runs have statistics of single images."""
        return bool(self._files) and all(
            run["metric"] in image_statistics.METRICS and run["digest"] in self._files
            for run in runs
        )

    def of_runs(self, runs: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Returns the shares of images in the log metric of each run, [runs, images].

        The sum of squares of a weighted sum of rows is the variance of that sum of log metrics.

        Raises:
          FoiError: a file is damaged, does not belong to its row, or has other images.
        """
        found = [self._of_run(run) for run in runs]
        for run, (images, _) in zip(runs, found, strict=True):
            if not np.array_equal(images, found[0][0]):
                raise FoiError(
                    f"{self._files[run['digest']]}: evaluated on other images than the runs "
                    "that it is compared with; evaluate again"
                )
        return np.array([shares for _, shares in found])

    def _of_run(self, run: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the sorted names of a run's images and their shares in its log metric."""
        digest, metric = run["digest"], run["metric"]
        if digest not in self._found:
            path = self._files[digest]
            found = image_statistics.read_statistics(path).sorted()
            value = float(found.values(metric, np.ones(len(found.images))))
            if not np.isclose(value, run["value"], rtol=TOLERANCE):
                raise FoiError(
                    f"{path}: its images give {metric} {value:.4f}, but its row says "
                    f"{run['value']:.4f}; remove it, or evaluate again"
                )
            self._found[digest] = found.images, find_shares(found, metric)
        return self._found[digest]


def find_shares(found: image_statistics.ImageStatistics, metric: str) -> np.ndarray:
    """Returns by how much each image moves the log metric, scaled as the jackknife does, [N].

    Zeros where the metric without an image is 0 or undefined.
    """
    sums = [x.astype(float) for x in (found.numerator, found.denominator)]
    without = image_statistics.metric_from_sums(metric, *(x.sum(0) - x for x in sums))
    count = len(without)
    if not (np.isfinite(without) & (without > 0)).all() or count < 2:
        return np.zeros(count)
    logs = np.log(without)
    return np.sqrt((count - 1) / count) * (logs.mean() - logs)
