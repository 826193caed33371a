"""Computes bootstrap intervals of gains over seeds and over evaluation images.

The paper has one run a chain and no intervals. A chain and its baseline get the same draws of
images, since both were evaluated on the same ones. Seeds are drawn as pairs where both have them.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from etils import epath

from foi_tf.errors import FoiError
from foi_tf.study import image_statistics

DRAWS = 1000  # Ours.
LEVEL = 0.95  # Ours.
# Ours. If a source has no effect, n seeds still agree on the sign with a probability of
# 2 ** (1 - n), 6 % for five and half for two, and then their interval excludes 0. With fewer
# seeds, no gain is called significant.
MIN_SEEDS = 5
TOLERANCE = 1e-3  # Relative difference between the row's metric and that of its images; ours.
COLUMNS = ("gain_low", "gain_high", "resampled", "significant")


@dataclasses.dataclass(frozen=True)
class GainInterval:
    """Holds the interval of a gain in %.

    Attributes:
      gain_low, gain_high: its ends; NaN without an interval.
      resampled: what was drawn again for it: "seeds", "images" or "seeds and images"; "" for none.
      significant: whether it excludes 0, over images or over `MIN_SEEDS` seeds.
    """

    gain_low: float = float("nan")
    gain_high: float = float("nan")
    resampled: str = ""
    significant: bool = False


def chain_interval(
    runs: Sequence[Mapping[str, Any]],
    baselines: Sequence[Mapping[str, Any]],
    draws: "ImageDraws",
    *,
    paired: bool,
    sign: float,
) -> GainInterval:
    """Computes the interval of one chain's mean gain.

    Args:
      runs: runs of the chain, one a seed, each as its columns by name.
      baselines: runs of its baseline; in the order of `runs` where they are `paired`.
      draws: draws of the images of both.
      paired: whether each run has a baseline run with the same seed.
      sign: -1 where lower values are better.

    Raises:
      FoiError: see `Draws.metrics`.
    """
    seeds = len(runs)
    of_seeds = seeds > 1 and (paired or len(baselines) > 1)
    of_images = draws.has([*runs, *baselines])
    if not of_seeds and not of_images:
        return GainInterval()
    values = (draws.metrics if of_images else _constant)([*runs, *baselines])
    drawn = _gains(values[:seeds], values[seeds:], paired=paired) * sign
    if not np.isfinite(drawn).all():
        return GainInterval()
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    resampled = " and ".join(["seeds"] * of_seeds + ["images"] * of_images)
    fewest = seeds if paired else min(seeds, len(baselines))
    trusted = of_images or fewest >= MIN_SEEDS
    return GainInterval(low, high, resampled, bool(trusted and (low > 0 or high < 0)))


def _gains(values: np.ndarray, baselines: np.ndarray, *, paired: bool) -> np.ndarray:
    """Returns [DRAWS] mean gains in % from [seeds, DRAWS] values and [seeds, DRAWS] baselines.

    Seeds are drawn with replacement: in pairs, or else those of both sides independently.
    """
    rng = np.random.default_rng(0)
    draw = np.arange(DRAWS)[:, None]
    seeds = rng.integers(0, len(values), (DRAWS, len(values)))
    with np.errstate(divide="ignore", invalid="ignore"):
        if paired:
            return 100 * (values / baselines - 1).T[draw, seeds].mean(-1)
        others = rng.integers(0, len(baselines), (DRAWS, len(baselines)))
        return 100 * (values.T[draw, seeds].mean(-1) / baselines.T[draw, others].mean(-1) - 1)


class ImageDraws:
    """Computes the metric of runs over draws of images, the same draws for all runs of a target."""

    def __init__(self, files: Mapping[str, epath.Path]):
        self._files = files
        self._drawn: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def has(self, runs: Sequence[Mapping[str, Any]]) -> bool:
        """Tells whether all runs have statistics of single images."""
        return bool(self._files) and all(
            run["metric"] in image_statistics.METRICS and run["digest"] in self._files
            for run in runs
        )

    def metrics(self, runs: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Returns the metric of each run in each draw, [runs, DRAWS].

        Raises:
          FoiError: a file is damaged, does not belong to its row, or has other images.
        """
        found = [self._run(run) for run in runs]
        for run, (images, _) in zip(runs, found, strict=True):
            if not np.array_equal(images, found[0][0]):
                raise FoiError(
                    f"{self._files[run['digest']]}: evaluated on other images than the runs "
                    "that it is compared with; evaluate again"
                )
        return np.array([drawn for _, drawn in found])

    def _run(self, run: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the sorted names of a run's images, and its metric in each draw of them."""
        digest = run["digest"]
        if digest not in self._drawn:
            path = self._files[digest]
            found = image_statistics.read_statistics(path).sorted()
            ones = np.ones(len(found.images))
            value = float(found.values(run["metric"], ones))
            if not np.isclose(value, run["value"], rtol=TOLERANCE):
                raise FoiError(
                    f"{path}: its images give {run['metric']} {value:.4f}, but its row says "
                    f"{run['value']:.4f}; remove it, or evaluate again"
                )
            rng = np.random.default_rng(0)
            weights = rng.multinomial(len(ones), ones / len(ones), size=DRAWS)
            self._drawn[digest] = found.images, found.values(run["metric"], weights)
        return self._drawn[digest]


def intervals_frame(found: Sequence[GainInterval], index: pd.Index) -> pd.DataFrame:
    """Returns intervals as columns."""
    return pd.DataFrame([dataclasses.asdict(one) for one in found], index, columns=list(COLUMNS))


def _constant(runs: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Returns the metric of each run, the same in each draw, [runs, DRAWS]."""
    return np.repeat([[run["value"]] for run in runs], DRAWS, axis=1)
