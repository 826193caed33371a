"""A working directory keeps to one configuration: a changed one is refused, not mixed in."""

import dataclasses
from collections.abc import Collection, Iterator
from typing import Any

from etils import epath

from foi_tf.chains import links
from foi_tf.chains.links import Link
from foi_tf.errors import FoiError

# What may differ between the links of one study.
_FREE = ("chain", "task", "parent", "holdout", "backbone", "seed")
_SHOWN = 4  # Differences in one line.


def check_configuration(workdir: epath.PathLike, link: Link, rates: Collection[float]) -> None:
    """Compares a link with those of the same chain that were begun before.

    Args:
      rates: learning rates that may stand side by side, for the sake of selection.

    Raises:
      FoiError: one was begun under other settings; names them.
    """
    for directory, other in links.load_begun(workdir, link.task).items():
        if any(getattr(link, name) != getattr(other, name) for name in _FREE if name != "holdout"):
            continue
        if link.images != other.images:
            continue  # Another setting.
        found = dict(_differences(dataclasses.asdict(other), dataclasses.asdict(link)))
        if other.schedule.learning_rate in rates:
            found.pop("schedule.learning_rate", None)
        if found:
            said = [f"{name} was {then}, now {now}" for name, (then, now) in found.items()]
            more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
            raise FoiError(
                f"{directory}: this chain was begun with other settings "
                f"({'; '.join(said[:_SHOWN])}{more}); go on with those, choose another "
                "--workdir, or remove that directory"
            )


def _differences(then: Any, now: Any, name: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(then, dict):
        for key in then:
            if name or key not in _FREE:
                yield from _differences(then[key], now[key], f"{name}.{key}" if name else key)
    elif isinstance(then, tuple) and then and isinstance(then[0], dict):
        for place, pair in enumerate(zip(then, now, strict=True)):
            task = then[place]["task"]
            place = f"{task['dataset']}:{task['type']}" if len(then) > 1 else ""
            yield from _differences(*pair, place or "dataset")
    elif then != now:
        yield name, (then, now)
