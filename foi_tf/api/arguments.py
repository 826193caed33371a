"""Checks arguments that several functions of the front door take."""

import functools
import os
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from foi_tf.errors import unknown_name_error
from foi_tf.files import expand_home

Place = str | os.PathLike
_Arguments = ParamSpec("_Arguments")
_Returned = TypeVar("_Returned")


def check_name(kind: str, name: str, known: Iterable[str]) -> None:
    """Checks that an argument is one of the known names.

    Raises:
      FoiError: the name is unknown; the message has the nearest known one.
    """
    if name not in known:
        raise unknown_name_error(kind, name, known)


def expand_places(
    function: Callable[_Arguments, _Returned],
) -> Callable[_Arguments, _Returned]:
    """Makes a function of the front door take ~ as the home directory in its arguments."""

    @functools.wraps(function)
    def expanded(*args: _Arguments.args, **named: _Arguments.kwargs) -> _Returned:
        return function(
            *(expand_home(value) for value in args),
            **{name: expand_home(value) for name, value in named.items()},
        )

    return expanded
