"""Compares the starts of a target with several numbers of its images."""

import dataclasses
import math
from collections.abc import Sequence

from foi_tf.comparison.planning import ComparisonPlan
from foi_tf.comparison.race_loop import RaceResult, run_race
from foi_tf.progress import say
from foi_tf.study.results import SCRATCH
from foi_tf.wording import count_noun

ENOUGH = 0.5  # Probability to be within 2 % of the best from which a start is enough; ours.


@dataclasses.dataclass(frozen=True, eq=False)
class CurvePoint:
    """Holds the race with one number of target images.

    Attributes:
      images: that number.
      race: how it ended.
    """

    images: int
    race: RaceResult


def run_races(plan: ComparisonPlan) -> list[CurvePoint]:
    """Races the starts with each number of target images that a plan asks for, the fewest first.

    Each race has an equal share of what is left of the budget.
    """
    every = plan.target.dataset.size(plan.target.task.type, "train")
    counts = sorted(set(plan.request.images), key=lambda count: every if count is None else count)
    found: list[CurvePoint] = []
    left = plan.request.budget
    for place, count in enumerate(counts):
        images = every if count is None else count
        say(f"{plan.target.task} with {count_noun(images, 'image')}")
        race = run_race(plan.with_images(count, max(left, 0.0) / (len(counts) - place)))
        left -= race.spent
        found.append(CurvePoint(images, race))
    return found


def describe_curve(curve: Sequence[CurvePoint]) -> list[str]:
    """Says from how many images on random weights, or the pre-training, are enough."""
    told = [point for point in curve if point.race.decision.posterior is not None]
    if len(told) < 2:
        return []
    sentences = []
    for name, words in ((SCRATCH, "random weights"), (told[0].race.plan.init_name, "")):
        if name == SCRATCH and not words:
            continue
        enough = math.inf
        for point in reversed(told):
            posterior = point.race.decision.posterior
            assert posterior is not None
            place = posterior.names.index(name) if name in posterior.names else None
            if place is None or posterior.p_close[place] < ENOUGH:
                break
            enough = point.images
        said = f"From {words or name}, "
        said += (
            f"{count_noun(int(enough), 'image')} or more do as well as the best start."
            if math.isfinite(enough)
            else f"{count_noun(told[-1].images, 'image')} are not enough to do as well as the best."
        )
        sentences.append(said)
    return sentences
