"""The quick test of finding A9: screen sources with few target images, keep the rest for all.

"If transfer effects are negative, discard this source for this target." (Section 6, A9)
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence

import pandas as pd

from foi_tf.analysis.measures import screening
from foi_tf.analysis.measures.gains import POSITIVE, level, transfers, with_gains
from foi_tf.study.dataset import Task
from foi_tf.study.grid import Chain

SCREENED_ON, WANTED = "small", "full"  # Settings.


@dataclasses.dataclass(frozen=True)
class Screening:
    """Chains of the full setting after the quick test.

    Attributes:
      kept: not negative with few target images.
      discarded: negative with few.
      unscreened: without a gain on few target images; they have to be run.
    """

    kept: tuple[Chain, ...]
    discarded: tuple[Chain, ...]
    unscreened: tuple[Chain, ...]

    @property
    def left(self) -> tuple[Chain, ...]:
        """What the full setting is to be run for."""
        return (*self.kept, *self.unscreened)


@dataclasses.dataclass(frozen=True)
class Miss:
    """A target whose best source was discarded.

    Attributes:
      target: which.
      source, gain: its best source, and that one's gain (%) with all target images.
      instead: the best gain of the sources that were left; NaN where none was.
    """

    target: Task
    source: Task
    gain: float
    instead: float


def screen(results: pd.DataFrame, chains: Iterable[Chain]) -> Screening:
    """Sorts chains of the full setting by their gain in the small one.

    Args:
      results: of one backbone and initial weights, as `foi_tf.study.results.load` returns them.
      chains: of the full setting.
    """
    gains = _gains(results, SCREENED_ON)
    kept, discarded, unscreened = [], [], []
    for chain in chains:
        place = {"": unscreened, "N": discarded}.get(level(gains.get(chain, math.nan)), kept)
        place.append(chain)
    return Screening(tuple(kept), tuple(discarded), tuple(unscreened))


def misses(results: pd.DataFrame, screening: Screening) -> tuple[int, list[Miss]]:
    """For which targets the best source was discarded, as rows of the full setting tell.

    A source that is not positive is not missed. All sources that were screened have to be run
    for a target to be judged, those that were discarded too.

    Returns:
      How many targets could be judged, and those with a miss.
    """
    gains = _gains(results, WANTED)
    judged, missed = 0, []
    for target in dict.fromkeys(chain.target for chain in (*screening.left, *screening.discarded)):
        left = _of(target, screening.left, gains)
        gone = _of(target, screening.discarded, gains)
        screened = gone + _of(target, screening.kept, gains)
        if not screened or any(math.isnan(gain) for gain, _ in screened):
            continue
        judged += 1
        instead = max((gain for gain, _ in left if not math.isnan(gain)), default=math.nan)
        best, source = max(gone, default=(math.nan, None), key=lambda found: found[0])
        if best > POSITIVE and not best <= instead:
            missed.append(Miss(target, source, best, instead))
    return judged, missed


def _of(
    target: Task, chains: Sequence[Chain], gains: dict[Chain, float]
) -> list[tuple[float, Task]]:
    """The gain and the source of each of the target's chains, NaN where it is not known."""
    return [
        (gains.get(chain, math.nan), chain.source) for chain in chains if chain.target == target
    ]


def _gains(results: pd.DataFrame, setting: str) -> dict[Chain, float]:
    rows = transfers(with_gains(screening.screen(results)[0]))
    rows = rows[rows.setting == setting]
    return {
        Chain(Task(row["source"], row["source_type"]), Task(row["target"], row["target_type"])):
            row["gain"]
        for row in rows.to_dict("records")
    }  # fmt: skip
