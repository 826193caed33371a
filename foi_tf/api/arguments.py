"""Checks arguments that several functions of the front door take."""

import os
from collections.abc import Iterable

from foi_tf.errors import unknown_name_error

Place = str | os.PathLike


def check_name(kind: str, name: str, known: Iterable[str]) -> None:
    """Checks that an argument is one of the known names.

    Raises:
      FoiError: the name is unknown; the message has the nearest known one.
    """
    if name not in known:
        raise unknown_name_error(kind, name, known)
