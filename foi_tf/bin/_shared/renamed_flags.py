"""Accepts the old names of renamed flags for one version, with a note on stderr."""

import sys

from absl import flags


class _OldName(flags.Flag):
    """A flag that hands its argument on to the flag of the new name."""

    def __init__(self, name: str, renamed: flags.Flag):
        super().__init__(
            renamed.parser,
            renamed.serializer,
            name,
            None,
            f"Deprecated, use --{renamed.name}.",
            boolean=renamed.boolean,
        )
        self._renamed = renamed

    def parse(self, argument: str) -> None:
        """Sets the renamed flag and prints a note."""
        print(f"--{self.name} is deprecated, use --{self._renamed.name}", file=sys.stderr)
        self._renamed.parse(argument)
        self._renamed.using_default_value = False
        self.present += 1


def define_old_name(values: flags.FlagValues, old: str, new: str) -> None:
    """Accepts `--old` as another spelling of the flag `--new`, which is defined already."""
    flags.DEFINE_flag(_OldName(old, values[new]), values)
