"""Which of several learning rates a link is trained with (section 4.2, Appendix A.2).

The paper "selected the best model from three learning rates" by the metric that it reports,
on the validation images: `validation`. That flatters, since the best of three is chosen and
reported on the same images. `holdout`, ours, chooses on training images that the candidates
do not see, trains once more on all of them with the rate chosen, and reports a number that
nothing was chosen by. `none` takes the configuration's rate.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping

from etils import epath

from foi_tf.chains.links import Finished, Link
from foi_tf.files import write_text
from foi_tf.study.metrics import METRICS

HOLDOUT = 0.2  # Share of the training images; ours.


@dataclasses.dataclass(frozen=True)
class Selection:
    """How a learning rate was chosen.

    Attributes:
      by: one of `study.choices.SELECTIONS`.
      values: by learning rate, what the candidate reached; empty without candidates.
    """

    by: str
    values: Mapping[float, float]


def select(
    link: Link, by: str, rates: Iterable[float], train: Callable[[Link], Finished]
) -> tuple[Finished, Selection]:
    """Trains the candidates, as links of their own, and then the link with the best rate.

    Args:
      by: one of `study.choices.SELECTIONS`.
      rates: the learning rates to choose from.
      train: runs a link; one that is finished is not trained again.
    """
    if by == "none":
        return train(link), Selection(by, {})
    holdout = HOLDOUT if by == "holdout" else 0.0
    candidates = [train(_with(link, rate, holdout)) for rate in rates]
    values = {one.link.schedule.learning_rate: one.value for one in candidates}
    best = max(candidates, key=_quality).link.schedule.learning_rate
    return train(_with(link, best, 0.0)), Selection(by, values)


def mark(directory: epath.Path, selection: Selection) -> None:
    """Writes down that the link in the directory is the one that was chosen so."""
    write_text(directory / _name(selection.by), json.dumps(dataclasses.asdict(selection)))


def is_marked(directory: epath.Path, by: str) -> bool:
    """Whether the link in the directory was chosen so."""
    return (directory / _name(by)).exists()


def _name(by: str) -> str:
    return f"selected_{by}.json"


def _with(link: Link, rate: float, holdout: float) -> Link:
    schedule = dataclasses.replace(link.schedule, learning_rate=rate)
    return dataclasses.replace(link, schedule=schedule, holdout=holdout)


def _quality(candidate: Finished) -> float:
    """Larger is better; a diverged candidate is the worst."""
    if math.isnan(candidate.value):
        return -math.inf
    higher = candidate.metric not in METRICS or METRICS[candidate.metric].higher_is_better
    return candidate.value if higher else -candidate.value
