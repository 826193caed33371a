"""Prints the help of a program: its usage and every flag that it accepts."""

import textwrap
from collections.abc import Iterable, Sequence

from absl import flags

FULL, SHORT = "full", "short"
# absl itself accepts these of every program; they are in no `FlagValues`.
_ABSL_FLAGS = {
    "flagfile": "File to read more flags from, one --name=value a line.",
    "undefok": "Names of flags, comma-separated, that may be given although they are unknown.",
}
_HELP = "Print this text; --help=short prints the first line and the program's own flags."
_SHORT_SPELLINGS = {"--help=short", "--helpshort", "-help=short", "-helpshort"}
_FULL_SPELLINGS = {"--help", "-help", "-h", "--helpfull", "-helpfull"}


def requested_form(arguments: Iterable[str]) -> str | None:
    """Returns which help the arguments ask for: `FULL`, `SHORT`, or None for none."""
    for argument in arguments:
        if argument in _SHORT_SPELLINGS:
            return SHORT
        if argument in _FULL_SPELLINGS or argument.startswith("--help="):
            return FULL
    return None


def format_help(
    name: str, usage: str, values: flags.FlagValues, general: Sequence[str], form: str = FULL
) -> str:
    """Formats the help of a program.

    Args:
      name: the program, as "foi-plan".
      usage: text above the flags; `SHORT` keeps its first line.
      values: the program's flags, listed in the order of their definition.
      general: names of those flags that all programs share; `SHORT` leaves them out.
    """
    own = [_format_flag(values[flag]) for flag in values if flag not in general]
    if form == SHORT:
        return "\n".join([usage.strip().splitlines()[0], "", *own])
    shared = [_format_flag(values[flag]) for flag in values if flag in general]
    shared += [_format(f"--{flag}", text) for flag, text in {**_ABSL_FLAGS, "help": _HELP}.items()]
    flags_of_program = ["", f"Flags of {name}, written --name=value:", *own] if own else []
    return "\n".join([usage.strip(), *flags_of_program, "", "Flags of all programs:", *shared])


def _format_flag(flag: flags.Flag) -> str:
    text = flag.help
    if flag.default is not None and flag.default not in ("", []):
        text += f" (default: {flag.default_as_str.strip(chr(39))})"
    return _format(f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}", text)


def _format(name: str, text: str) -> str:
    return textwrap.fill(
        f"{name}: {text}",
        width=flags.get_help_width(),
        initial_indent="  ",
        subsequent_indent="      ",
        break_on_hyphens=False,
        break_long_words=False,
    )
