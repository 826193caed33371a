"""The numbers that findings are judged by."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from foi_tf.analysis.measures import domain_distance, summary
from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.recommend.candidates import PAIR
from foi_tf.study.dataset import SEGMENTATION
from foi_tf.study.results import MULTI_SOURCE, SCRATCH
from foi_tf.study.table_texts import MISSING, SETTING_TEXTS

# Ours: shares of fewer say more about the choice of chains than about transfer.
MIN_PAIRS, MIN_TARGETS = 10, 5
_DIGITS = 3  # Percentages that are alike to these are printed alike.
_WORDS = [
    "target", "target_type", "target_domain", "source", "source_type", "source_domain", "setting",
]  # fmt: skip
_EFFECTS = ["gain", "gain_size", "positive", "very_positive", "negative"]
_COLUMNS = [*_WORDS, "n_source", "n_target", *_EFFECTS]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """A number that speaks for or against a finding.

    Attributes:
      what: it is.
      found: as text.
      paper: what the paper has there; "" for nothing.
      count: over how many chains or targets.
      threshold: what the finding asks of it; "" for a number that is only shown.
      holds: whether that is so; None where there are too few.
      required: whether the finding cannot be supported without it.
    """

    what: str
    found: str
    paper: str
    count: int
    threshold: str = ""
    holds: bool | None = None
    required: bool = False


def _once(method: Callable) -> Callable:
    """A method of `Study` that answers each question once, since several findings ask the same."""

    @functools.wraps(method)
    def asked(self, *question: str):
        key = method.__name__, *question
        if key not in self._answers:
            self._answers[key] = method(self, *question)
        return self._answers[key]

    return asked


class Study:
    """Chains of one backbone and family, and questions asked of them."""

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

    @staticmethod
    def text(setting: str) -> str:
        """A setting in words."""
        return SETTING_TEXTS.get(setting, setting)

    @_once
    def of(self, setting: str) -> pd.DataFrame:
        """The transfers of a setting."""
        return self._chains[self._chains.setting == setting]

    def scratch(self, setting: str) -> pd.DataFrame:
        """The chains from random weights that have a gain (a negative one, as a rule)."""
        chosen = (self._references.setting == setting) & (self._references.source == SCRATCH)
        return self._references[chosen & self._references.gain.notna()]

    @_once
    def constrained(self, setting: str, domain: str, task_type: str) -> pd.DataFrame:
        """The transfers of a setting under a constraint of Table 7."""
        return summary.constrained(self.of(setting), domain, task_type)

    @_once
    def shares(self, setting: str, domain: str, task_type: str) -> dict[str, float]:
        """`summary.percentages` of the chains under a constraint of Table 7."""
        return summary.percentages(self.constrained(setting, domain, task_type))

    def best_shares(self, setting: str, domain: str, task_type: str) -> dict[str, float]:
        """The same of each target's best source, as in Table 8."""
        own = self.constrained(setting, domain, task_type)
        return summary.percentages(summary.best_of_targets(own))

    def domains(
        self, setting: str, sources: Sequence[str], targets: Sequence[str]
    ) -> dict[str, float]:
        """`summary.percentages` of the chains between some domains, within the task type."""
        own = self.constrained(setting, "cross", "within")
        chosen = own.source_domain.isin(sources) & own.target_domain.isin(targets)
        return summary.percentages(own[chosen])

    def multi(self, setting: str) -> pd.DataFrame:
        """The chains of multi-source models within their task type."""
        own = self.constrained(setting, "within", "within")
        return own[own.source == MULTI_SOURCE]

    def largest_within_domain(self, setting: str) -> pd.DataFrame:
        """For each target the chain of the largest other set of its domain and task type."""
        own = self.constrained(setting, "within", "within")
        own = own[own.source != MULTI_SOURCE]
        own = own.assign(size=self._size(own, "source"))
        return own.sort_values("size", ascending=False).drop_duplicates(summary.TARGET)

    def upper_triangle(self, setting: str) -> tuple[dict[str, float], dict[str, float]]:
        """`summary.percentages` within domain and type: source the larger one, the smaller one.

        Multi-source models do not count, nor do targets of which only a part was ever used.
        """
        own = self.constrained(setting, "within", "within")
        own = own[own.source != MULTI_SOURCE]
        source, target = self._size(own, "source"), self._size(own, "target")
        return (
            summary.percentages(own[source > target]),
            summary.percentages(own[source < target]),
        )

    def in_both(self, first: str, second: str, column: str = "gain") -> pd.DataFrame:
        """A column of the segmentation chains that two settings have, as two columns.

        Only those were run in several settings (Tables 4 to 6).
        """
        both = self._in_both(first, second)[[f"{column}_0", f"{column}_1"]]
        return both.set_axis([first, second], axis=1).dropna().astype(float)

    @_once
    def _in_both(self, first: str, second: str) -> pd.DataFrame:
        own = [self._segmentation(name).set_index(PAIR)[_EFFECTS] for name in (first, second)]
        return own[0].join(own[1], how="inner", lsuffix="_0", rsuffix="_1")

    def taus_within_targets(self, first: str, second: str) -> pd.Series:
        """Kendall's tau between a target's gains in two settings, for each target with three."""
        both = self.in_both(first, second)
        taus = {
            target: domain_distance.tau(own[first], own[second])["tau"]
            for target, own in both.groupby(summary.TARGET)
            if len(own) >= 3
        }
        return pd.Series(taus, dtype=float).dropna()

    @_once
    def taus(self, setting: str) -> dict[str, dict[str, float]]:
        """`domain_distance.near_gains_more` of segmentation chains by each distance; {} without any."""
        if self._distances is None:
            return {}
        own = self._single_sources(setting)
        return {
            name: domain_distance.near_gains_more(own, self._distances, name)
            for name in domain_distance.ASSIGNMENTS
            if (self._distances.distance == name).any()
        }

    @_once
    def tau_of_size(self, setting: str) -> dict[str, float]:
        """Kendall's tau between the source's size and gain, of segmentation chains."""
        own = self._single_sources(setting)
        return domain_distance.tau(own.n_source, own.gain)

    @_once
    def _segmentation(self, setting: str) -> pd.DataFrame:
        own = self.of(setting)
        return own[(own.target_type == SEGMENTATION) & (own.source_type == SEGMENTATION)]

    @_once
    def _single_sources(self, setting: str) -> pd.DataFrame:
        own = self._segmentation(setting)
        return own[own.source != MULTI_SOURCE]

    def _size(self, chains: pd.DataFrame, end: str) -> pd.Series:
        key = zip(chains[end], chains[f"{end}_type"], strict=True)
        return pd.Series([self._sizes.get(x, float("nan")) for x in key], chains.index, dtype=float)


def percent(share: float, digits: int = 0) -> str:
    """A percentage in print."""
    return MISSING if pd.isna(share) else f"{share:.{digits}f} %"


def against(one: float, other: float) -> str:
    """Two percentages in print, with as many digits more as tell them apart."""
    digits = 0
    while one != other and digits < _DIGITS and percent(one, digits) == percent(other, digits):
        digits += 1
    return f"{percent(one, digits)} against {percent(other, digits)}"


def _known_sizes(chains: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Training images of each (dataset, type) that was used as a whole."""
    sources = transfers(chains)
    sources = sources[sources.setting != "small_source"]
    targets = chains[chains.setting == "full"]
    sizes = targets.groupby(["target", "target_type"]).n_target.max().to_dict()
    for key, size in sources.groupby(["source", "source_type"]).n_source.max().items():
        sizes[key] = max(size, sizes.get(key, 0))
    return sizes
