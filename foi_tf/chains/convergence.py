"""Decides whether a link has converged, or goes on from the start of its schedule.

Section 5.1 trains source models "until convergence", and does not say how that is told. Ours: a
schedule, which lowers the learning rate to its end, is passed through again, twice as slowly, as
long as that improves the metric. Such warm restarts are those of Loshchilov and Hutter, "SGDR"
(ICLR 2017), with passes that double.
"""

import json
import math

import pydantic
from etils import epath

from foi_tf import parsing
from foi_tf.chains.links import Finished, Link
from foi_tf.errors import FoiError
from foi_tf.files import write_text
from foi_tf.progress import say
from foi_tf.study import metrics

_PASSES = "passes.json"  # In the link's directory: the metric at the end of each pass.


def load_passes(directory: epath.Path) -> tuple[float, ...]:
    """Loads the metric at the end of each finished pass of a link that goes on.

    Raises:
      FoiError: the file is broken.
    """
    path = directory / _PASSES
    if not path.exists():
        return ()
    try:
        found = parsing.parse_json(parsing.read_text(path))
        return pydantic.TypeAdapter(tuple[pydantic.FiniteFloat, ...]).validate_python(found)
    except (ValueError, TypeError) as error:
        raise FoiError(f"{path}: broken; remove its directory and train again") from error


def save_passes(directory: epath.Path, passes: tuple[float, ...]) -> None:
    """Saves what `load_passes` returns."""
    write_text(directory / _PASSES, json.dumps(passes))


def forget_passes(directory: epath.Path) -> None:
    """Removes what was saved; the link's record has it once the link is finished."""
    (directory / _PASSES).unlink(missing_ok=True)


def goes_on(link: Link, finished: Finished) -> bool:
    """Tells whether a link has to pass through its schedule once more, and says so.

    Args:
      finished: the record after the passes so far.
    """
    schedule, passes = link.schedule, finished.passes
    if len(passes) > schedule.restarts or not math.isfinite(passes[-1]):
        return False
    if len(passes) > 1:
        before, after = passes[-2:]
        if not _improves(finished.metric, before, after, schedule.least_gain):
            return False
    shown = ", ".join(f"{value:.3f}" for value in passes)
    label = metrics.METRICS[finished.metric].label if finished.metric in metrics.METRICS else "mean"
    say(f"{link.task}: {label} {shown}; restart {len(passes)} of at most {schedule.restarts}")
    return True


def _improves(metric: str, before: float, after: float, least: float) -> bool:
    """Tells whether a metric, or a mean of which larger is better, improved by a share of it."""
    if metric in metrics.METRICS and not metrics.higher_is_better(metric):
        before, after = -before, -after
    return after - before > least * abs(before)
