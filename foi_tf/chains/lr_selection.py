"""Chooses the learning rate of a link among several candidates (section 4.2, Appendix A.2).

The paper "selected the best model from three learning rates" by the metric that it reports, on
the validation images: `validation`. That flatters, since the best of three is chosen and reported
on the same images. `holdout`, ours, chooses on training images that the candidates do not see. It
then trains once more on all of them with the chosen rate, and reports a number that nothing was
chosen by. `none` takes the configuration's rate.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from etils import epath

from foi_tf.chains.divergence import DivergedError
from foi_tf.chains.links import Finished, Link
from foi_tf.files import write_text
from foi_tf.progress import warn
from foi_tf.study.metrics import METRICS

HOLDOUT = 0.2  # Share of the training images; ours.


@dataclasses.dataclass(frozen=True)
class Selection:
    """Records how a learning rate was chosen.

    Attributes:
      by: one of `study.choices.SELECTIONS`.
      values: value of the task's metric by the candidate's learning rate; empty without
        candidates.
    """

    by: str
    values: Mapping[float, float]


def choose_rate(
    link: Link, by: str, rates: Iterable[float], train: Callable[[Link], Finished]
) -> tuple[Link, Selection]:
    """Trains a link's candidates and returns the link with the best learning rate, and why.

    A candidate that diverges does not end the others.

    Args:
      by: one of `study.choices.SELECTIONS`.
      rates: the learning rates to try.
      train: trains a candidate.

    Raises:
      DivergedError: all candidates did.
    """
    tried, diverged = [], []
    for candidate in list_candidates(link, by, rates):
        try:
            tried.append(train(candidate))
        except DivergedError as error:
            warn(str(error))
            diverged.append((candidate.schedule.learning_rate, error))
    if diverged and not tried:
        raise diverged[0][1]
    return choose_best(link, by, tried, [rate for rate, _ in diverged])


def list_candidates(link: Link, by: str, rates: Iterable[float]) -> list[Link]:
    """Returns the links to train and compare, one for each learning rate; none by "none"."""
    if by == "none":
        return []
    holdout = HOLDOUT if by == "holdout" else 0.0
    return [_replace_rate(link, rate, holdout) for rate in rates]


def choose_best(
    link: Link, by: str, tried: Sequence[Finished], diverged: Iterable[float] = ()
) -> tuple[Link, Selection]:
    """Returns the link with the best learning rate, on all training images, and why.

    Args:
      by: one of `study.choices.SELECTIONS`.
      tried: the finished candidates of `list_candidates`; without any the link keeps its
        rate.
      diverged: learning rates of the candidates whose training diverged.
    """
    values = {one.link.schedule.learning_rate: one.value for one in tried}
    values |= dict.fromkeys(diverged, math.nan)
    if tried:
        best = max(tried, key=_quality).link.schedule.learning_rate
        link = _replace_rate(link, best, 0.0)
    return link, Selection(by, values)


def mark_chosen(directory: epath.Path, selection: Selection) -> None:
    """Marks the link in the directory as the one that a selection chose."""
    write_text(directory / _file_name(selection.by), json.dumps(dataclasses.asdict(selection)))


def is_chosen(directory: epath.Path, by: str) -> bool:
    """Tells whether the link in the directory was chosen in this way."""
    return (directory / _file_name(by)).exists()


def _file_name(by: str) -> str:
    return f"selected_{by}.json"


def _replace_rate(link: Link, rate: float, holdout: float) -> Link:
    schedule = dataclasses.replace(link.schedule, learning_rate=rate)
    return dataclasses.replace(link, schedule=schedule, holdout=holdout)


def _quality(candidate: Finished) -> float:
    """Returns a number that is larger for better candidates; one that diverged is the worst."""
    if math.isnan(candidate.value):
        return -math.inf
    higher = candidate.metric not in METRICS or METRICS[candidate.metric].higher_is_better
    return candidate.value if higher else -candidate.value
