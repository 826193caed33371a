"""The flag of how many images sources and targets may train on."""

from absl import flags

from foi_tf.study.choices import SETTINGS, is_setting

_HELP = (
    "Numbers of training images. small: 150 of the target (1000 of coco and ade), all of the "
    "source; small_source: also 1500 of the source; full: all of both. By default full if all "
    "targets are own data, else small."
)


def define(values: flags.FlagValues) -> None:
    """Defines how many images sources and targets may train on."""
    flags.DEFINE_enum("setting", None, SETTINGS, _HELP, flag_values=values)


def define_for_target(values: flags.FlagValues) -> None:
    """Defines how many images sources and one target may train on, of which any number is one."""
    more = " images25: 25 of the target, or any other number, and all of the source."
    define_any(values, _HELP + more)


def define_any(values: flags.FlagValues, text: str) -> None:
    """Defines a setting that rows may have.

    Args:
      text: the help of the flag.
    """
    flags.DEFINE_string("setting", None, text, flag_values=values)
    flags.register_validator(
        "setting",
        lambda name: name is None or is_setting(name),
        f"must be one of {', '.join(SETTINGS)}, or as images25",
        flag_values=values,
    )
