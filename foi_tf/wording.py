"""Words numbers of things for messages."""

from collections.abc import Sequence


def count_noun(number: int, noun: str, plural: str = "") -> str:
    """Returns the number with its noun: "1 command", "2 commands", "0 classes".

    Args:
      plural: of the noun; by default the noun with an "s".
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def list_names_briefly(names: Sequence[str], most: int = 3) -> str:
    """Returns the first names and the number of the others: "a, b, c and 4 more"."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def format_seconds(seconds: float) -> str:
    """Returns a duration for people: "40 s", "12 min", "3.5 h"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
