"""Holds the flags that all commands of a plan share, and writes commands with them."""

from __future__ import annotations

import dataclasses
import shlex
from typing import TYPE_CHECKING, Any

from absl import flags

from foi_tf.bin._shared import size_flag, training_flags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foi_tf.study.plan import PlannedRun
    from foi_tf.study.scenarios import Scenario

_ALWAYS_PRINTED = ("data_dir", "workdir")
_NOT_OF_PRETRAINING = ("select_lr", "crop")


def define(values: flags.FlagValues) -> None:
    """Defines the flags that go into the printed commands."""
    training_flags.define_study(values)
    training_flags.define_selection(values)
    training_flags.define_crop(values)
    values.set_default("data_dir", "data")
    values.set_default("workdir", "work")


@dataclasses.dataclass(frozen=True)
class SharedFlags:
    """The flags that all commands of a plan share.

    Attributes:
      given: values by name of flag, in the order of --help.
      defaults: likewise, what the programs take without the flag.
    """

    given: Mapping[str, Any]
    defaults: Mapping[str, Any]

    @classmethod
    def parsed(cls, values: flags.FlagValues) -> SharedFlags:
        """Takes the flags from a parsed command line of foi-plan."""
        defaults = flags.FlagValues()
        define(defaults)
        return cls(
            given={name: values[name].value for name in defaults},
            defaults={name: defaults[name].default for name in defaults},
        )

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def with_scenario(self, scenario: Scenario) -> SharedFlags:
        """Returns the flags with the backbone and input size of a scenario of Appendix B.

        An input size that was given on the command line is kept.
        """
        changes = {}
        if scenario.backbone:
            changes["backbone"] = scenario.backbone
        if scenario.crop and not self["crop"]:
            changes["crop"] = scenario.crop
        return dataclasses.replace(self, given={**self.given, **changes})

    def command(self, run: PlannedRun) -> str:
        """Returns a run of the plan as a line for a shell, without flags that have defaults."""
        arguments = [
            argument
            for name, value in self.given.items()
            if name in _ALWAYS_PRINTED or value != self.defaults[name]
            if run.program != "pretrain" or name not in _NOT_OF_PRETRAINING
            for argument in _arguments(name, value)
        ]
        return shlex.join([f"foi-{run.program}", *arguments, *run.arguments()])


def _arguments(name: str, value: Any) -> list[str]:
    if isinstance(value, list):  # A flag that can be repeated.
        return [f"--{name}={one}" for one in value]
    return [f"--{name}={size_flag.format_size(value) if isinstance(value, tuple) else value}"]
