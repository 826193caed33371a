"""Defines flags whose value is a duration, written 90s, 30m or 2h."""

import math
import re

from absl import flags

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


class DurationParser(flags.ArgumentParser):
    """Parses a duration to seconds."""

    syntactic_help = "A duration, as 90s, 30m or 2h."

    def parse(self, argument: str | float) -> float:
        """Returns the seconds of a duration.

        Raises:
          ValueError: it is none.
        """
        if isinstance(argument, float | int):
            return float(argument)
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)\s*", argument)
        if not found or not float(found[1]):
            raise ValueError("must be a duration, as 90s, 30m or 2h")
        return float(found[1]) * _SECONDS[found[2]]

    def flag_type(self) -> str:
        """Returns the name of the type."""
        return "duration"


def define_duration(values: flags.FlagValues, name: str, text: str) -> None:
    """Defines a flag whose value is in seconds; infinite where it is not given.

    Args:
      text: help of the flag.
    """
    flags.DEFINE(DurationParser(), name, math.inf, text, flag_values=values)
    values[name].help = f"{text} Written as 90s, 30m or 2h; by default without end."
