"""Keeps a working directory to one configuration: refuses a changed one."""

import dataclasses
from collections.abc import Collection, Iterator
from typing import Any

from etils import epath

from foi_tf.chains import divergence, links
from foi_tf.chains.links import Link
from foi_tf.errors import FoiError

# Fields that may differ between the links of one study.
_FREE = ("chain", "task", "parent", "holdout", "backbone", "seed", "varied")
_SHOWN = 4  # Differences that an error message lists.


def check_configuration(
    workdir: epath.PathLike, link: Link, rates: Collection[float], restarts: Collection[int] = ()
) -> None:
    """Compares a link with the links of the same chain that were begun before.

    Args:
      rates: learning rates in which the links may differ, since they are candidates.
      restarts: numbers of restarts in which they may differ: of a source model and a target.

    Raises:
      FoiError: an earlier link has other settings; the message lists them.
    """
    for directory, other in links.load_begun(workdir, link.task).items():
        if any(getattr(link, name) != getattr(other, name) for name in _FREE if name != "holdout"):
            continue
        if link.images != other.images or divergence.is_diverged(directory):
            continue  # Another setting (small, full, ...), or no result.
        found = dict(_differences(dataclasses.asdict(other), dataclasses.asdict(link)))
        if other.schedule.learning_rate in rates:
            found.pop("schedule.learning_rate", None)
        if other.schedule.restarts in restarts:
            found.pop("schedule.restarts", None)
            if not (other.schedule.restarts and link.schedule.restarts):
                found.pop("schedule.least_gain", None)  # It is the default without restarts.
        if found:
            said = [f"{name} was {then}, now {now}" for name, (then, now) in found.items()]
            more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
            raise FoiError(
                f"{directory}: this chain was begun with other settings "
                f"({'; '.join(said[:_SHOWN])}{more}); go on with those, choose another "
                "--workdir, or remove that directory"
            )


def _differences(then: Any, now: Any, name: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yields the name and both values of each field that differs, at any depth."""
    if isinstance(then, dict):
        for key in then:
            if name or key not in _FREE:
                yield from _differences(then[key], now[key], f"{name}.{key}" if name else key)
    elif isinstance(then, tuple) and then and isinstance(then[0], dict):
        for place, pair in enumerate(zip(then, now, strict=True)):
            task = then[place]["task"]
            member = f"{task['dataset']}:{task['type']}" if len(then) > 1 else "dataset"
            yield from _differences(*pair, member)
    elif then != now:
        yield name, (then, now)
