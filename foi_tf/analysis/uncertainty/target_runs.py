"""Arranges the runs of one target: a row for the baseline and for each chain, a column a seed."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foi_tf.analysis.uncertainty import log_scale, pooled_variance
from foi_tf.analysis.uncertainty.image_noise import ImageShares
from foi_tf.study.metrics import higher_is_better


@dataclasses.dataclass(frozen=True, eq=False)
class TargetRuns:
    """Holds the runs of one target in one setting, from one network.

    Attributes:
      target: name of the target's dataset.
      baseline: runs of the baseline, each as its columns by name; may be empty.
      chains: runs of each chain, likewise.
      places: the place of each chain among all chains of the study.
      image_variance: [chains] variance of each log ratio by images, beyond what differs from
        seed to seed; see `add_images`.
      images: number of evaluation images; 0 where their statistics are not stored.
    """

    target: str
    baseline: Sequence[Mapping[str, Any]]
    chains: Sequence[Sequence[Mapping[str, Any]]]
    places: Sequence[int]
    image_variance: np.ndarray
    images: int = 0

    @property
    def sign(self) -> float:
        """Returns -1 where lower values are better, else 1."""
        return 1.0 if higher_is_better(self.chains[0][0]["metric"]) else -1.0

    @functools.cached_property
    def seeds(self) -> list[int]:
        """Returns all seeds of baseline and chains."""
        return sorted({run["seed"] for runs in (self.baseline, *self.chains) for run in runs})

    @functools.cached_property
    def values(self) -> np.ndarray:
        """Returns metrics, [1 + chains, seeds]; the first row is the baseline's."""
        column = {seed: i for i, seed in enumerate(self.seeds)}
        values = np.full((1 + len(self.chains), len(column)), np.nan)
        for row, runs in zip(values, (self.baseline, *self.chains), strict=True):
            for run in runs:
                row[column[run["seed"]]] = run["value"]
        return values

    @functools.cached_property
    def level(self) -> float:
        """Returns the metric that logarithms are relative to: the mean of the baseline."""
        return float(np.nanmean(self.values[0] if self.baseline else self.values))

    @functools.cached_property
    def table(self) -> np.ndarray:
        """Returns log metrics relative to `level`, as `values`; NaN where that is 0."""
        if not self.level > 0:
            return np.full_like(self.values, np.nan)
        return log_scale.to_log(self.values, self.level)

    @functools.cached_property
    def weights(self) -> np.ndarray:
        """Returns the weight of each run in the mean of its row, as `table`."""
        known = np.isfinite(self.table)
        return known / np.maximum(known.sum(1, keepdims=True), 1)

    @functools.cached_property
    def residuals(self) -> pooled_variance.Residuals:
        """Returns what is left without effects of chains and seeds."""
        return pooled_variance.find_residuals(self.table)

    @functools.cached_property
    def ratios(self) -> np.ndarray:
        """Returns [chains] log ratios, positive where better; NaN without a baseline."""
        means = np.where(self.weights > 0, self.table, 0.0)
        means = (means * self.weights).sum(1)
        known = self.weights.any(1)
        return np.where(known[1:] & known[0], self.sign * (means[1:] - means[0]), np.nan)

    @property
    def counts(self) -> np.ndarray:
        """Returns the number of seeds, [1 + chains]."""
        return np.isfinite(self.table).sum(1)

    def unpaired_seeds(self) -> tuple[np.ndarray, float]:
        """Returns variances of the log ratios, in units of that of a seed's effect.

        A seed that the baseline has and the chains lack, or with another weight, is off for all
        chains alike.

        Returns:
          [chains] variances that chains do not share, and the one that they do.
        """
        difference = self.weights[1:] - self.weights[0]
        known = np.isfinite(self.ratios)
        if not known.any():
            return np.zeros(len(difference)), 0.0
        shared = float((difference[known].mean(0) ** 2).sum())
        return np.maximum((difference**2).sum(1) - shared, 0.0), shared

    @functools.cached_property
    def sourced(self) -> np.ndarray:
        """Tells which chains have a source, [chains]."""
        return np.array([runs[0]["source_type"] != "" for runs in self.chains], bool)

    def spread_of_sources(self) -> tuple[float, float]:
        """Returns the sum of squares among chains with a source, and its degrees of freedom."""
        means = self.ratios[self.sourced & np.isfinite(self.ratios)]
        return float(((means - means.mean()) ** 2).sum()) if len(means) else 0.0, len(means) - 1.0


def add_images(own: TargetRuns, shares: ImageShares) -> TargetRuns:
    """Adds variances by images where all runs of the target have statistics of them.

    Part of an image's share in the gain differs from seed to seed, so that the spread of seeds
    has it already. It is estimated from that spread, or from that of sources for single seeds.

    Raises:
      FoiError: see `ImageShares.of_runs`.
    """
    groups = [own.baseline, *own.chains]
    runs = [run for group in groups for run in group]
    if not own.baseline or not shares.has(runs):
        return own
    ends = np.cumsum([len(group) for group in groups])[:-1]
    parts = np.split(shares.of_runs(runs), ends)
    means = np.array([part.mean(0) for part in parts])
    counts = np.array([len(part) for part in parts])
    squares = sum(((part - mean) ** 2).sum() for part, mean in zip(parts, means, strict=True))
    df = (counts - 1).sum()
    if not df:
        squares, df = ((means[1:] - means[1:].mean(0)) ** 2).sum(), len(means) - 2
    differs = squares / df if df else 0.0
    variance = ((means[1:] - means[0]) ** 2).sum(1) - differs * (1 / counts[1:] + 1 / counts[0])
    return dataclasses.replace(own, image_variance=np.maximum(variance, 0.0), images=means.shape[1])
