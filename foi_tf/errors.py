"""Defines the errors that users are meant to see."""

import difflib
from collections.abc import Iterable

_LONGEST = 1400  # Characters of a message; ours.
_LONGEST_NAME = 100  # Characters of an unknown name that a message shows; ours.


class FoiError(Exception):
    """Reports a wrong input or a missing file in one line that names the place and the remedy.

    Programs print it without a traceback and exit with code 1. Names from files may hold line ends
    and other characters that cannot be printed; they are shown as escapes.
    """

    def __init__(self, message: str):
        if len(message) > _LONGEST:
            message = f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 2 :]}"
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))


class BusyError(FoiError):
    """Reports that another worker is doing the same; programs exit with code 75 (try later)."""


class NotReadyError(FoiError):
    """Reports that a link lacks one that must be trained before it."""


def unknown_name_error(kind: str, name: str, known: Iterable[str], *, where: str = "") -> FoiError:
    """Returns an error for an unknown name that suggests the most similar known name.

    Args:
      kind: kind of the named thing, such as "dataset".
      name: the unknown name.
      known: the known names.
      where: start of the message.
    """
    known = sorted(known)
    if len(name) > _LONGEST_NAME:  # Similar names are looked for in the square of its length.
        name = f"{name[:_LONGEST_NAME]}..."
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"
    return FoiError(f"{where + ': ' if where else ''}unknown {kind} '{name}'; {hint}")
