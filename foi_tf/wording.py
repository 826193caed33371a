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
