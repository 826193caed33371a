"""Makes the quick test of finding A9: screen sources with few target images, keep the rest.

"If transfer effects are negative, discard this source for this target." (Section 6, A9)
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence

from foi_tf.analysis.measures.gains import POSITIVE, level, transfers
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study.dataset import Task
from foi_tf.study.grid import Chain

SCREENED_ON, WANTED = "small", "full"  # Settings.


@dataclasses.dataclass(frozen=True)
class ScreenedChains:
    """Holds chains of the full setting, sorted by the quick test.

    Attributes:
      kept: chains without a negative gain on few target images.
      discarded: chains with a negative gain on few target images.
      unscreened: chains without a gain on few target images; they have to be run.
    """

    kept: tuple[Chain, ...]
    discarded: tuple[Chain, ...]
    unscreened: tuple[Chain, ...]

    @property
    def left(self) -> tuple[Chain, ...]:
        """Returns the chains to run in the full setting."""
        return (*self.kept, *self.unscreened)


@dataclasses.dataclass(frozen=True)
class MissedTarget:
    """Names a target whose best source was discarded.

    Attributes:
      target: the target task.
      source, gain: its best source, and that source's gain (%) with all target images.
      instead: the best gain (%) of the sources that are left; NaN if there is none.
    """

    target: Task
    source: Task
    gain: float
    instead: float


def screen_chains(analysis: StudyAnalysis, chains: Iterable[Chain]) -> ScreenedChains:
    """Sorts chains of the full setting by their gain in the small one.

    Args:
      analysis: of one backbone and initial weights.
      chains: of the full setting.
    """
    gains = _gains_by_chain(analysis, SCREENED_ON)
    kept: list[Chain] = []
    discarded: list[Chain] = []
    unscreened: list[Chain] = []
    for chain in chains:
        place = {"": unscreened, "N": discarded}.get(level(gains.get(chain, math.nan)), kept)
        place.append(chain)
    return ScreenedChains(tuple(kept), tuple(discarded), tuple(unscreened))


def find_missed_targets(
    analysis: StudyAnalysis, screened: ScreenedChains
) -> tuple[int, list[MissedTarget]]:
    """Finds the targets whose best source was discarded, by their rows of the full setting.

    A source without a positive gain is not missed. A target can only be judged if all sources
    that were screened for it have been run in full, the discarded ones included.

    Returns:
      The number of targets that could be judged, and those whose best source was discarded.
    """
    gains = _gains_by_chain(analysis, WANTED)
    judged, missed = 0, []
    for target in dict.fromkeys(chain.target for chain in (*screened.left, *screened.discarded)):
        left = _gains_of_target(target, screened.left, gains)
        gone = _gains_of_target(target, screened.discarded, gains)
        tested = gone + _gains_of_target(target, screened.kept, gains)
        if not tested or any(math.isnan(gain) for gain, _ in tested):
            continue
        judged += 1
        instead = max((gain for gain, _ in left if not math.isnan(gain)), default=math.nan)
        best, source = max(gone, default=(math.nan, None), key=lambda found: found[0])
        if source is not None and best > POSITIVE and not best <= instead:
            missed.append(MissedTarget(target, source, best, instead))
    return judged, missed


def _gains_of_target(
    target: Task, chains: Sequence[Chain], gains: dict[Chain, float]
) -> list[tuple[float, Task]]:
    """Returns gain and source of each of the target's chains; an unknown gain is NaN."""
    return [
        (gains.get(chain, math.nan), chain.source) for chain in chains if chain.target == target
    ]


def _gains_by_chain(analysis: StudyAnalysis, setting: str) -> dict[Chain, float]:
    """Returns the gain (%) of each transfer of a setting."""
    chains = transfers(analysis.mean_gains)
    chains = chains[chains.setting == setting]
    return {
        Chain(Task(row["source"], row["source_type"]), Task(row["target"], row["target_type"])):
            row["gain"]
        for row in chains.to_dict("records")
    }  # fmt: skip
