"""Describes a reader to try.

A target writes its files into a directory and returns those to damage, and `read` reads them.
Where a format has checksums or lengths, `checked` says so: then whatever is accepted must be equal
to what was written.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from etils import epath


@dataclasses.dataclass(frozen=True)
class Target:
    """Describes a reader.

    Attributes:
      name: its name.
      write: writes files into a directory; returns those to damage.
      read: reads what was written, and returns what can be compared.
      checked: see the module.
      weight: how often it is tried in relation to others.
    """

    name: str
    write: Callable[[epath.Path], list[epath.Path]]
    read: Callable[[epath.Path], Any]
    checked: bool = False
    weight: int = 4
