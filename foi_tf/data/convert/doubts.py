"""Collects doubts: what is read as it stands, although it may not be what its maker meant.

Readers call `note` and `mark` wherever they meet such a thing. What is surely wrong is an error
instead.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator

from foi_tf.progress import warn


@dataclasses.dataclass(frozen=True)
class Doubts:
    """Holds what was collected.

    Attributes:
      sentences: on the whole folder, each complete.
      marks: on single files, each the kind of doubt and the file; `audit` counts them.
    """

    sentences: list[str] = dataclasses.field(default_factory=list)
    marks: list[tuple[str, str]] = dataclasses.field(default_factory=list)


_active: contextvars.ContextVar[Doubts | None] = contextvars.ContextVar("doubts", default=None)


@contextlib.contextmanager
def collect() -> Iterator[Doubts]:
    """Yields the doubts that arise until the block ends, in this thread."""
    found = Doubts()
    token = _active.set(found)
    try:
        yield found
    finally:
        _active.reset(token)


def note(sentence: str) -> None:
    """Keeps a sentence on the whole folder; where nobody collects, it is printed at once."""
    found = _active.get()
    if found is None:
        warn(sentence)
    elif sentence not in found.sentences:
        found.sentences.append(sentence)


def mark(kind: str, where: str) -> None:
    """Keeps a doubt on one file; where nobody collects, nothing happens."""
    if (found := _active.get()) is not None:
        found.marks.append((kind, where))
