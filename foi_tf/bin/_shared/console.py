"""Prints notes on stderr and tables on stdout."""

import sys
from collections.abc import Sequence


def print_note(message: str) -> None:
    """Prints a line on stderr that is no error."""
    print(message, file=sys.stderr, flush=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Prints tab-separated lines on stdout."""
    print("\n".join("\t".join(map(str, row)) for row in [header, *rows]))
