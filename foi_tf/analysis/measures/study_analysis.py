"""Holds everything that is computed once from the result rows of a study."""

import functools
from collections.abc import Mapping, Sequence

import pandas as pd
from etils import epath

from foi_tf.analysis.measures import gains, screening, summary, validation_results
from foi_tf.analysis.uncertainty.noise_model import NoiseModel


class StudyAnalysis:
    """Computes best runs, baselines and gains of a study when first asked, and keeps them.

    Attributes:
      results: all result rows, as `foi_tf.study.results.load` returns them.
      rows: the result rows that can be counted together, see `screening.screen`, without those
        that are of Table 3 alone, see `validation_results.is_validation`.
      left_out: one sentence for each thing that was left out of the results.
      images: as `foi_tf.study.image_statistics.find_statistics` returns them; may be empty.
      distances: as `foi_tf.analysis.measures.distance.read_distances` returns them, or None.
      warnings: as `foi_tf.study.data_warnings.find_warnings` returns them, of the datasets that
        occur in the results.
    """

    def __init__(
        self,
        results: pd.DataFrame,
        *,
        images: Mapping[str, epath.Path] | None = None,
        distances: pd.DataFrame | None = None,
        warnings: Mapping[str, Sequence[str]] | None = None,
    ):
        self.results = results
        studied = results[~validation_results.is_validation(results)]
        self.rows, self.left_out = screening.screen(studied)
        self.images = images or {}
        self.distances = distances
        named = {*results.target, *results.source}
        self.warnings = {name: own for name, own in (warnings or {}).items() if name in named}

    @functools.cached_property
    def best_runs(self) -> pd.DataFrame:
        """Returns `gains.best_runs` of the rows: one row a chain and seed."""
        return gains.best_runs(self.rows)

    @functools.cached_property
    def baselines(self) -> gains.Baselines:
        """Returns `gains.find_baselines` of the rows."""
        return gains.find_baselines(self.rows, self.best_runs)

    @functools.cached_property
    def seed_gains(self) -> pd.DataFrame:
        """Returns the best runs with baselines and gains, as `gains.add_gains` returns them."""
        return gains.add_gains(self.best_runs, self.baselines)

    @functools.cached_property
    def mean_gains(self) -> pd.DataFrame:
        """Returns one row a chain without intervals; see `gains.mean_gains`."""
        return gains.mean_gains(self.seed_gains)

    @functools.cached_property
    def chains(self) -> pd.DataFrame:
        """Returns one row a chain with the interval of its gain; see `gains.with_gains`.

        Raises:
          FoiError: a file of image statistics is damaged or does not belong to its row.
        """
        return self.mean_gains.join(self.noise.columns())

    @functools.cached_property
    def noise(self) -> NoiseModel:
        """Returns how sure the gains of the `chains` are.

        Raises:
          FoiError: a file of image statistics is damaged or does not belong to its row.
        """
        return NoiseModel(self.mean_gains, self.seed_gains, self.baselines, self.images)

    @functools.cached_property
    def networks(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Returns the `mean_gains` by (backbone, family), those with the most transfers first."""
        return summary.group_by_network(self.mean_gains)

    def runs_of(self, network: tuple[str, str]) -> pd.DataFrame:
        """Selects the `seed_gains` of one (backbone, family)."""
        backbone, family = network
        runs = self.seed_gains
        return runs[(runs.backbone == backbone) & (runs.family == family)]
