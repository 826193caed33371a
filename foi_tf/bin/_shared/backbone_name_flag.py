"""Defines the flag --backbone."""

from absl import flags

from foi_tf.errors import FoiError
from foi_tf.study.backbones import BACKBONES, KERAS, find_backbone


def define_backbone(
    values: flags.FlagValues, default: str | None = "hrnet_w48", note: str = ""
) -> None:
    """Defines --backbone: a name of `study.backbones`, or of a Keras Application.

    Args:
      default: its default.
      note: end of the help text.
    """
    flags.DEFINE_string(
        "backbone",
        default,
        f"Architecture of the backbone: {', '.join(sorted(BACKBONES))}; or {KERAS}:NAME of "
        f"tf.keras.applications, as {KERAS}:EfficientNetV2B0.{note}",
        flag_values=values,
    )

    def check(name: str | None) -> bool:
        try:
            return name is None or bool(find_backbone(name))
        except FoiError as error:
            raise flags.ValidationError(str(error)) from error

    flags.register_validator("backbone", check, flag_values=values)
