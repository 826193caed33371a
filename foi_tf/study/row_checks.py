"""Checks that the values of a result row can be those of a run."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from foi_tf import parsing
from foi_tf.study.choices import SELECTIONS, SETTINGS, is_setting

_MAX_TEXT = 300  # Characters of a name; ours.
_MAX_COUNT = 2**53  # Larger whole numbers are not exact in tables.
_METERS = frozenset({"rmse"})  # Metrics that are not in [0, 1].
# A spreadsheet would take such a cell for a formula.
_FORMULA = re.compile(r"[=+@-]")


def find_wrong_value(record: Mapping[str, Any]) -> str:
    """Says which value of a row no run can have; "" if there is none.

    Args:
      record: values by name of the column, of the right types; see `study.results.Row`.
    """
    for name, value in record.items():
        problem = _CHECKS[name](value) if name in _CHECKS else _check_by_type(name, value)
        if problem:
            shown = json.dumps(value)
            shown = shown if len(shown) <= _MAX_TEXT else f"{shown[:_MAX_TEXT]} ..."
            return f"'{name}' is {shown}, {problem}"
    value = record["value"]
    if value is not None and record["metric"] not in _METERS and value > 1:
        return f"'value' is {value}, but {record['metric']} is at most 1"
    return ""


def _check_by_type(name: str, value: Any) -> str:
    """Says what is wrong with a value whose column has no check of its own."""
    if isinstance(value, str):
        if len(value) > _MAX_TEXT or not value.isprintable() or _FORMULA.match(value):
            return "not a name"
    elif isinstance(value, int | float) and name != "seed" and not 0 <= value < _MAX_COUNT:
        return "not a number from 0 up"
    return ""


def _check_candidates(text: str) -> str:
    """Says what is wrong with a JSON object of metrics by learning rate."""
    try:
        found = parsing.parse_json(text)
        whole = isinstance(found, dict) and all(
            math.isfinite(float(rate)) and (value is None or type(value) in (int, float))
            for rate, value in found.items()
        )
    except ValueError:
        whole = False
    return "" if whole else "not a JSON object of a number or null by learning rate"


def _check_extra(values: Iterable[float | None]) -> str:
    whole = all(value is None or math.isfinite(value) for value in values)
    return "" if whole else "not an object of finite numbers"


def _check_seed(value: int) -> str:
    return "" if abs(value) < _MAX_COUNT else "not a seed"


def _check_name(known: tuple[str, ...]):
    return lambda value: "" if value in known else f"not one of {', '.join(known)}"


def _check_setting(name: str) -> str:
    return "" if is_setting(name) else f"not one of {', '.join(SETTINGS)}, or as images25"


_CHECKS = {
    "candidates": _check_candidates,
    "seed": _check_seed,
    "selection": _check_name(SELECTIONS),
    "setting": _check_setting,
    "extra": lambda found: _check_extra(found.values()),
}
