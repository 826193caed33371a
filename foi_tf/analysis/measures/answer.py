"""Holds what a target should start from, and how sure that is (ours)."""

import dataclasses
import math
from typing import Any

import numpy as np

from foi_tf.analysis.measures.starts import SOURCE

BEST = "a best start"
NONE_HELPS = "none of them helps"
ALIKE = "expected to be within 2 % of the best"
ONLY_ONE = "the only start that can be ranked"
TOO_LITTLE = "too little data to say"
NOTHING = "nothing can be told"


@dataclasses.dataclass(frozen=True, kw_only=True)
class JudgedStart:
    """Holds what is known of one start of a target.

    Attributes:
      name: a task such as "city:segmentation", the name of the pre-trained weights, or "scratch".
      kind: `starts.RANDOM`, `starts.PRETRAINING` or `starts.SOURCE`.
      value: metric, mean over seeds; NaN if all of them diverged.
      values: metric of each seed that ended.
      value_low, value_high: its 95 % interval over runs like these, on these evaluation images.
      gain: gain in % over the reference (Eq. 2); NaN for the reference and without one.
      gain_low, gain_high: its 95 % interval.
      p_better, p_practical: probabilities of a gain above 0 % and above 2 %.
      p_best: probability that no other ranked start has a better true metric.
      p_near: probability that the true metric is within 2 % of the best.
      maybe_best: whether it belongs to the smallest set that holds the best start with 95 %.
      more_seeds: seeds of it and of the best start that would tell the two apart, or equal within
        2 %; 0 where that is settled, infinite where it is out of reach, NaN where noise is unknown.
      seconds: mean duration of a seed; NaN if rows do not tell.
      reason: why it is not ranked; "" if it is.
    """

    name: str
    kind: str
    value: float
    values: tuple[float, ...]
    value_low: float
    value_high: float
    gain: float
    gain_low: float
    gain_high: float
    p_better: float
    p_practical: float
    p_best: float
    p_near: float
    maybe_best: bool
    more_seeds: float
    seconds: float
    reason: str

    @property
    def seeds(self) -> int:
        """Returns the number of seeds that ended with a value."""
        return len(self.values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassGain:
    """Holds how the best start changes one class.

    Attributes:
      name: of the class.
      images: evaluation images that show it.
      baseline, value: metric of the class from the reference and from the best start.
      difference: in points of the metric, positive where the best start is better.
    """

    name: str
    images: int
    baseline: float
    value: float
    difference: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """Holds what one target should start from.

    Attributes:
      target, target_type, setting, backbone, family, metric: as in `chain_keys.BASELINE`.
      starts: the best first, by the mean of their effects; those that are not ranked last.
      kind: `BEST`, `NONE_HELPS`, `ALIKE`, `ONLY_ONE`, `TOO_LITTLE` or `NOTHING`.
      reference: name of the start that gains are over: the pre-training, or random weights where
        that is missing, at a floor or clearly worse; "" for none.
      p_helps: probability that a source is more than 2 % better than all starts without a source;
        NaN without both, and where noise is unknown.
      classes: changes by class from the reference to the best start, the largest gain first; empty
        where evaluations kept no statistics.
      noise: where the noise of runs is known from; "" where it is unknown.
    """

    target: str
    target_type: str
    setting: str
    backbone: str
    family: str
    metric: str
    starts: tuple[JudgedStart, ...]
    kind: str
    reference: str
    p_helps: float
    classes: tuple[ClassGain, ...]
    noise: str

    @property
    def ranked(self) -> list[JudgedStart]:
        """Returns the starts that can be ranked, the best first."""
        return [start for start in self.starts if not start.reason]

    @property
    def best(self) -> JudgedStart | None:
        """Returns what to start from; None if nothing can be told."""
        if self.kind == NOTHING:
            return None
        if self.kind == NONE_HELPS:
            return next(start for start in self.ranked if start.kind != SOURCE)
        return self.ranked[0]

    @property
    def rivals(self) -> list[JudgedStart]:
        """Returns the other starts that may be the best."""
        return [start for start in self.ranked if start.maybe_best and start != self.best]

    @property
    def more_seeds(self) -> float:
        """Returns how many more seeds would tell the best start from all its rivals.

        Where no source helps, that is also how many would tell it from the first of them.
        """
        needed = [start.more_seeds for start in (*self.rivals, *filter(None, [self.best]))]
        return float(np.max(needed)) if self.rivals else 0.0

    @property
    def minutes(self) -> float:
        """Returns how long these seeds would take, of each rival those that it needs."""
        if self.best is None or not math.isfinite(self.more_seeds):
            return math.nan
        if not self.more_seeds:
            return 0.0
        needed = [rival.more_seeds * rival.seconds for rival in self.rivals if rival.more_seeds]
        if self.best.more_seeds:
            needed.append(self.best.more_seeds * self.ranked[0].seconds)
        return (self.more_seeds * self.best.seconds + sum(needed)) / 60

    @property
    def settled(self) -> bool:
        """Tells whether there is an answer that no more seeds would change."""
        return self.kind in (BEST, NONE_HELPS, ALIKE) and not self.more_seeds

    def to_json(self) -> dict[str, Any]:
        """Returns the answer as plain values; unknown and infinite numbers become None."""
        plain = dataclasses.asdict(self) | {
            "best": self.best.name if self.best else None,
            "rivals": [start.name for start in self.rivals],
            "more_seeds": self.more_seeds,
            "minutes": self.minutes,
            "settled": self.settled,
        }
        return _replace_unknown(plain)


def _replace_unknown(value: Any) -> Any:
    """Replaces NaN and infinite numbers by None, in containers too."""
    if isinstance(value, dict):
        return {name: _replace_unknown(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace_unknown(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
