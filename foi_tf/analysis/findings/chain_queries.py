"""Answers the questions that findings ask of the chains of one network."""

import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import pandas as pd

from foi_tf.analysis.measures import correlation, distance, summary
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.summary import CROSS, PAIR, TARGET, WITHIN
from foi_tf.study.dataset import SEGMENTATION
from foi_tf.study.results import MULTI_SOURCE, SCRATCH

_WORDS = [
    "target", "target_type", "target_domain", "source", "source_type", "source_domain", "setting",
]  # fmt: skip
_EFFECTS = ["gain", "gain_size", "positive", "very_positive", "negative"]
_COLUMNS = [*_WORDS, "n_source", "n_target", *_EFFECTS]


def _once(method: Callable) -> Callable:
    """Makes a method of `ChainQueries` keep its answers, since several findings ask the same."""

    @functools.wraps(method)
    def asked(self, *question: str):
        key = method.__name__, *question
        if key not in self._answers:
            self._answers[key] = method(self, *question)
        return self._answers[key]

    return asked


class ChainQueries:
    """Answers questions about the chains of one backbone and family.

    Attributes:
      settings: the settings that have chains: "small", "full", both or neither.
    """

    def __init__(self, chains: pd.DataFrame, distances: pd.DataFrame | None):
        # Frames this small are twice as fast with few columns, and strings of Python's own.
        chains = chains[_COLUMNS].astype(dict.fromkeys(_WORDS, object))
        self._references = chains[chains.source_type == ""]
        self._chains = transfers(chains)
        self._chains = self._chains[self._chains.gain.notna()]
        self._distances = distances
        self._answers: dict[tuple[str, ...], Any] = {}
        self._sizes = _known_sizes(chains)
        found = {*self._chains.setting, *self._references.setting}
        self.settings = [setting for setting in ("small", "full") if setting in found]

    @_once
    def in_setting(self, setting: str) -> pd.DataFrame:
        """Selects the transfers of a setting that have a gain."""
        return self._chains[self._chains.setting == setting]

    def from_scratch(self, setting: str) -> pd.DataFrame:
        """Selects the chains from random weights that have a gain, usually a negative one."""
        chosen = (self._references.setting == setting) & (self._references.source == SCRATCH)
        return self._references[chosen & self._references.gain.notna()]

    @_once
    def constrained(self, setting: str, domain: str, task_type: str) -> pd.DataFrame:
        """Selects the transfers of a setting that meet a constraint of Table 7."""
        return summary.constrained(self.in_setting(setting), domain, task_type)

    @_once
    def shares(self, setting: str, domain: str, task_type: str) -> dict[str, float]:
        """Returns `summary.percentages` of the `constrained` chains."""
        return summary.percentages(self.constrained(setting, domain, task_type))

    def best_shares(self, setting: str, domain: str, task_type: str) -> dict[str, float]:
        """Returns `summary.percentages` of each target's best source, as in Table 8."""
        own = self.constrained(setting, domain, task_type)
        return summary.percentages(summary.best_of_targets(own))

    def shares_between(
        self, setting: str, sources: Sequence[str], targets: Sequence[str]
    ) -> dict[str, float]:
        """Returns `summary.percentages` of chains between some domains, within the task type."""
        own = self.constrained(setting, CROSS, WITHIN)
        chosen = own.source_domain.isin(sources) & own.target_domain.isin(targets)
        return summary.percentages(own[chosen])

    def from_multi_source(self, setting: str) -> pd.DataFrame:
        """Selects the chains of multi-source models within their task type."""
        own = self.constrained(setting, WITHIN, WITHIN)
        return own[own.source == MULTI_SOURCE]

    def from_largest_within_domain(self, setting: str) -> pd.DataFrame:
        """Selects for each target the chain of the largest dataset of its domain and task type."""
        own = self.constrained(setting, WITHIN, WITHIN)
        own = own[own.source != MULTI_SOURCE]
        own = own.assign(size=self._dataset_sizes(own, "source"))
        return own.sort_values("size", ascending=False).drop_duplicates(TARGET)

    def shares_by_size(self, setting: str) -> tuple[dict[str, float], dict[str, float]]:
        """Returns `summary.percentages` of larger and of smaller sources than the target.

        The chains are within domain and task type. Multi-source models do not count, nor do
        targets of which only a part was ever used.
        """
        own = self.constrained(setting, WITHIN, WITHIN)
        own = own[own.source != MULTI_SOURCE]
        source, target = self._dataset_sizes(own, "source"), self._dataset_sizes(own, "target")
        return (
            summary.percentages(own[source > target]),
            summary.percentages(own[source < target]),
        )

    def in_both(self, first: str, second: str, column: str = "gain") -> pd.DataFrame:
        """Returns a column of the segmentation chains that two settings have, as two columns.

        The paper ran only segmentation in several settings (Tables 4 to 6).
        """
        both = self._join_settings(first, second)[[f"{column}_0", f"{column}_1"]]
        return both.set_axis([first, second], axis=1).dropna().astype(float)

    def taus_within_targets(self, first: str, second: str) -> pd.Series:
        """Returns Kendall's tau between a target's gains in two settings.

        Targets with fewer than three such chains are left out.
        """
        both = self.in_both(first, second)
        taus = {
            target: correlation.tau_of_known(own[first], own[second])["tau"]
            for target, own in both.groupby(TARGET)
            if len(own) >= 3
        }
        return pd.Series(taus, dtype=float).dropna()

    @_once
    def taus_of_nearness(self, setting: str) -> dict[str, dict[str, float]]:
        """Returns `correlation.tau_of_nearness` of segmentation chains by each known distance."""
        if self._distances is None:
            return {}
        own = self._single_sources(setting)
        return {
            name: correlation.tau_of_nearness(own, self._distances, name)
            for name in distance.ASSIGNMENTS
            if (self._distances.distance == name).any()
        }

    @_once
    def tau_of_size(self, setting: str) -> dict[str, float]:
        """Returns Kendall's tau between the source's size and gain, of segmentation chains."""
        own = self._single_sources(setting)
        return correlation.tau_of_known(own.n_source, own.gain)

    @_once
    def _join_settings(self, first: str, second: str) -> pd.DataFrame:
        """Joins the effects of the segmentation chains that two settings have."""
        own = [self._segmentation(name).set_index(PAIR)[_EFFECTS] for name in (first, second)]
        return own[0].merge(
            own[1], how="inner", left_index=True, right_index=True, suffixes=("_0", "_1")
        )

    @_once
    def _segmentation(self, setting: str) -> pd.DataFrame:
        """Selects the transfers of a setting from segmentation to segmentation."""
        own = self.in_setting(setting)
        return own[(own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION)]

    @_once
    def _single_sources(self, setting: str) -> pd.DataFrame:
        """Selects the segmentation chains whose source is a single dataset."""
        own = self._segmentation(setting)
        return own[own.source != MULTI_SOURCE]

    def _dataset_sizes(self, chains: pd.DataFrame, end: str) -> pd.Series:
        """Returns the training images of each chain's "source" or "target"; NaN if unknown."""
        key = zip(chains[end], chains[f"{end}_type"], strict=True)
        return pd.Series([self._sizes.get(x, float("nan")) for x in key], chains.index, dtype=float)


def _known_sizes(chains: pd.DataFrame) -> dict[Hashable, int]:
    """Returns the training images of each (dataset, type) that was used as a whole."""
    sources = transfers(chains)
    sources = sources[sources.setting != "small_source"]
    targets = chains[chains.setting == "full"]
    sizes = targets.groupby(["target", "target_type"]).n_target.max().to_dict()
    for key, size in sources.groupby(["source", "source_type"]).n_source.max().items():
        sizes[key] = max(size, sizes.get(key, 0))
    return sizes
