"""Stops links whose training diverges, and remembers them: a run that failed is no result.

A link ends with the same bits whenever it is trained, so one that diverged would do so again. Its
directory keeps a record of it in place of weights, and counts as neither begun nor finished.
"""

import json

import pydantic
from etils import epath

from foi_tf import parsing
from foi_tf.chains.links import Link
from foi_tf.errors import FoiError
from foi_tf.files import write_text
from foi_tf.study.schedules import count_steps

_RECORD = "diverged.json"


class DivergedError(FoiError):
    """Reports that the training of a link diverged: its loss or its weights are not finite."""


def write_record(directory: epath.Path, step: int) -> None:
    """Records that the link in the directory diverged at a step, and removes its checkpoints."""
    write_text(directory / _RECORD, json.dumps({"step": step}) + "\n")
    (directory / "checkpoints").rmtree(missing_ok=True)


def is_diverged(directory: epath.Path) -> bool:
    """Tells whether the link in the directory diverged."""
    return (directory / _RECORD).exists()


def check_not_diverged(directory: epath.Path, link: Link, config: str) -> None:
    """Refuses a link that diverged.

    Args:
      directory: the link's.
      config: name of the configuration, for the message.

    Raises:
      DivergedError: it did.
    """
    path = directory / _RECORD
    if not path.exists():
        return
    try:
        found = parsing.parse_json(parsing.read_text(path))
        step = pydantic.TypeAdapter(int).validate_python(found["step"])
    except (ValueError, LookupError, TypeError) as error:
        raise FoiError(f"{path}: broken; remove it and give the same command again") from error
    raise diverged_error(directory, link, step, config)


def diverged_error(directory: epath.Path, link: Link, step: int, config: str) -> DivergedError:
    """Returns the error for a link that diverged at a step; see `check_not_diverged`."""
    steps = count_steps(link.steps, 1 + link.schedule.restarts)
    return DivergedError(
        f"{link.task}: the training diverged at step {step} of {steps}, with the learning "
        f"rate {link.schedule.learning_rate:g}: its loss or weights are not finite. There is no "
        f"result. Lower {link.task.type}.schedule.learning_rate in {config}, or by --set, and give "
        f"the command again; {directory / _RECORD} keeps a record of this run"
    )
