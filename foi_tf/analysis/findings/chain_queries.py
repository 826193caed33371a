"""Answers the questions that findings ask of the chains of one network."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pandas as pd

from foi_tf.analysis.findings.resampled_chains import ResampledChains, weighted_mean
from foi_tf.analysis.measures import distance, kendall
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.summary import CROSS, PAIR, WITHIN, domain_relation, type_relation
from foi_tf.study.dataset import SEGMENTATION
from foi_tf.study.results import MULTI_SOURCE, SCRATCH

SIZE = "size"  # The factor beside the distances: training images of the source.
LEAST_SOURCES = 3  # A target whose sources are ranked in two settings has so many; ours.


class ChainQueries:
    """Answers questions about the chains of one backbone and family.

    Chains are chosen by their places in `chains.frame`. Numbers are [1 + draws]: of the study as it
    is, and of each draw.

    Attributes:
      chains: all chains that have a gain, those without a source included.
      settings: the settings that have chains: "small", "full", both or neither.
    """

    def __init__(self, chains: ResampledChains, distances: pd.DataFrame | None):
        self.chains = chains
        self._frame = frame = chains.frame
        self._distances = distances
        self._taus: dict[str, tuple[dict[str, np.ndarray], int]] = {}
        self._sizes = _known_sizes(frame)
        self._counted = frame.gain.notna().to_numpy()
        self._sourced = (frame.source_type != "").to_numpy()
        self._multi = (frame.source == MULTI_SOURCE).to_numpy()
        self._domain, self._type = domain_relation(frame), type_relation(frame)
        self.settings = [name for name in ("small", "full") if (frame.setting == name).any()]

    def count_targets(self, places: np.ndarray) -> int:
        """Counts the targets of some chains."""
        return len(np.unique(self.chains.targets[places]))

    def from_scratch(self, setting: str) -> np.ndarray:
        """Selects the chains from random weights that have a gain, usually a negative one."""
        return self._select(setting, lambda own: own.source == SCRATCH, sourced=False)

    def constrained(self, setting: str, domain: str, task_type: str) -> np.ndarray:
        """Selects the transfers of a setting that meet a constraint of Table 7."""
        found = self._select(setting)
        for relation, wanted in ((self._domain, domain), (self._type, task_type)):
            if wanted != "all":
                found = found[relation.to_numpy()[found] == wanted]
        return found

    def between_domains(
        self, setting: str, sources: Sequence[str], targets: Sequence[str]
    ) -> np.ndarray:
        """Selects the transfers between some domains, within the task type."""
        found = self.constrained(setting, CROSS, WITHIN)
        own = self._frame.iloc[found]
        return found[own.source_domain.isin(sources) & own.target_domain.isin(targets)]

    def from_multi_source(self, setting: str) -> np.ndarray:
        """Selects the chains of multi-source models within their task type."""
        found = self.constrained(setting, WITHIN, WITHIN)
        return found[self._multi[found]]

    def lead_of_largest(self, setting: str) -> tuple[np.ndarray, np.ndarray]:
        """Compares the largest dataset of a target's domain and type with the multi-source model.

        Returns:
          [1 + draws, T] how many points more it gains, and how often each of the targets counts.
        """
        within = self.constrained(setting, WITHIN, WITHIN)
        multi, single = within[self._multi[within]], within[~self._multi[within]]
        own = self._dataset_sizes(single, "source")
        picked = self.chains.pick(single, np.where(np.isnan(own), -1.0, own))
        both = np.isin(picked.targets, self.chains.targets[multi])
        places = {
            code: place for place, code in zip(multi, self.chains.targets[multi], strict=True)
        }
        against = np.array([places[code] for code in picked.targets[both]], int)
        gains = picked.take(self.chains.effect("gain", single))[:, both]
        return gains - self.chains.effect("gain", against), picked.weights[:, both]

    def by_size(self, setting: str) -> tuple[np.ndarray, np.ndarray]:
        """Selects the transfers from larger and from smaller sources than the target.

        The chains are within domain and task type. Multi-source models do not count, nor do
        targets of which only a part was ever used.
        """
        within = self.constrained(setting, WITHIN, WITHIN)
        own = within[~self._multi[within]]
        source, target = (self._dataset_sizes(own, end) for end in ("source", "target"))
        return own[source > target], own[source < target]

    def in_both(self, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
        """Selects the segmentation chains that two settings have, once in each.

        The paper ran only segmentation in several settings (Tables 4 to 6).
        """
        places = [self._segmentation(name) for name in (first, second)]
        one, other = (pd.MultiIndex.from_frame(self._frame.iloc[own][PAIR]) for own in places)
        found = other.get_indexer(one)
        return places[0][found >= 0], places[1][found[found >= 0]]

    def tau_within_targets(self, first: str, second: str) -> tuple[np.ndarray, int]:
        """Returns Kendall's tau between a target's gains in two settings, its mean over targets.

        Targets with fewer than `LEAST_SOURCES` such chains, or with equal gains, are left out.

        Returns:
          [1 + draws] the mean, and the number of targets.
        """
        one, other = self.in_both(first, second)
        codes = self.chains.targets[one]
        taus, weights = [], []
        for code in np.unique(codes):
            own = codes == code
            if own.sum() >= LEAST_SOURCES:
                before, after = (self.chains.effect("gain", x[own]) for x in (one, other))
                drawn = self.chains.sources_drawn[:, one[own]]
                tau = kendall.tau_between(before, after, drawn)
                taus.append(tau)
                weights.append(self.chains.targets_drawn[:, one[own][0]] * ~np.isnan(tau))
        if not taus:
            return np.full(len(self.chains.targets_drawn), np.nan), 0
        return weighted_mean(np.stack(taus, 1), np.stack(weights, 1)), int(
            (~np.isnan([tau[0] for tau in taus])).sum()
        )

    def taus_of_factors(self, setting: str) -> tuple[dict[str, np.ndarray], int]:
        """Returns Kendall's tau of gain with nearness by each known distance, and with `SIZE`.

        It is positive where nearer sources, or larger ones, gain more. Segmentation chains
        from single datasets count that have all distances; for `SIZE`, all such chains.

        Returns:
          [1 + draws] of each factor, and the number of chains with distances.
        """
        if setting not in self._taus:
            self._taus[setting] = self._compute_taus(setting)
        return self._taus[setting]

    def _compute_taus(self, setting: str) -> tuple[dict[str, np.ndarray], int]:
        """Computes `taus_of_factors`, which several findings ask for."""
        own = self._segmentation(setting)
        own = own[~self._multi[own]]
        sizes = self._frame.n_source.to_numpy(float)[own]
        found = {SIZE: self.chains.tau(own, sizes[:, None])[:, 0]}
        if self._distances is None:
            return found, 0
        pairs = pd.MultiIndex.from_frame(self._frame.iloc[own][["target", "source"]])
        wide = self._distances.pivot(index=["target", "source"], columns="distance", values="value")
        names = [name for name in distance.ASSIGNMENTS if name in wide]
        near = -wide.reindex(pairs)[names].to_numpy(float)
        known = ~np.isnan(near).any(1)
        taus = self.chains.tau(own[known], near[known])
        return found | dict(zip(names, taus.T, strict=True)), int(known.sum())

    def _select(
        self,
        setting: str,
        choose: Callable[[pd.DataFrame], pd.Series] | None = None,
        *,
        sourced: bool = True,
    ) -> np.ndarray:
        """Selects the chains of a setting that have a gain, with a source or without."""
        chosen = self._counted & (self._sourced == sourced)
        chosen = chosen & (self._frame.setting == setting).to_numpy()
        if choose:
            chosen = chosen & choose(self._frame).to_numpy()
        return np.flatnonzero(chosen)

    def _segmentation(self, setting: str) -> np.ndarray:
        """Selects the transfers of a setting from segmentation to segmentation."""
        return self._select(
            setting,
            lambda own: (own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION),
        )

    def _dataset_sizes(self, places: np.ndarray, end: str) -> np.ndarray:
        """Returns the training images of each chain's "source" or "target"; NaN if unknown."""
        own = self._frame.iloc[places]
        key = zip(own[end], own[f"{end}_type"], strict=True)
        return np.array([self._sizes.get(x, np.nan) for x in key], float)


def _known_sizes(chains: pd.DataFrame) -> dict[Hashable, float]:
    """Returns the training images of each (dataset, type) that was used as a whole."""
    sources = transfers(chains)
    sources = sources[sources.setting != "small_source"]
    targets = chains[chains.setting == "full"]
    sizes = targets.groupby(["target", "target_type"]).n_target.max().to_dict()
    for key, size in sources.groupby(["source", "source_type"]).n_source.max().items():
        sizes[key] = max(size, sizes.get(key, 0))
    return sizes
