"""Defines flags whose value is a duration, written 90s, 30m or 2h."""

import math

from absl import flags

from foi_tf import parsing


class DurationParser(flags.ArgumentParser):
    """Parses a duration to seconds."""

    syntactic_help = "A duration, as 90s, 30m or 2h."

    def parse(self, argument: str | float) -> float:
        """Returns the seconds of a duration.

        Raises:
          ValueError: it is none.
        """
        is_number = isinstance(argument, float | int)
        return float(argument) if is_number else parsing.parse_duration(str(argument))

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
