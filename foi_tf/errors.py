"""The one exception that users are meant to see."""

import difflib
from collections.abc import Iterable


class FoiError(Exception):
    """Bad input or a missing piece: one line that names the place and the remedy.

    Programs print it without a traceback and exit with 1.
    """


class BusyError(FoiError):
    """Another worker is doing the same; programs exit with 75, that it may be tried later."""


def unknown_name_error(kind: str, name: str, known: Iterable[str], *, where: str = "") -> FoiError:
    """An error for a name that is not among the known ones, with the nearest of them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"
    return FoiError(f"{where + ': ' if where else ''}unknown {kind} '{name}'; {hint}")
