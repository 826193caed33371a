"""Prints notes on stderr, and tables and JSON on stdout."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def print_note(message: str) -> None:
    """Prints a line on stderr that is no error."""
    print(message, file=sys.stderr, flush=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Prints tab-separated lines on stdout."""
    print("\n".join("\t".join(map(str, row)) for row in [header, *rows]))


def format_json(record: Any, indent: int | None = None) -> str:
    """Formats a value as JSON, which has no NaN: it becomes null, as infinity does."""
    return json.dumps(_replace_not_finite(record), indent=indent, allow_nan=False)


def _replace_not_finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _replace_not_finite(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_replace_not_finite(item) for item in value]
    return value
